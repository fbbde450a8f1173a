// More of kubectl against the API only: printing in every form, diff, explain, kustomize, replace.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, TestServer } from './server.ts';
import { until } from './until.ts';

const configMap = (name: string, data: Record<string, string> = {}, labels = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});

const BOAT_SCHEMA = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          sail: { type: 'string', description: 'the colour of its sail', enum: ['red', 'white'] },
        },
      },
    },
  },
};

/** What `kubectl create` makes of kinds that `describe` shows each in its own way. */
const DESCRIBED = [
  'configmap told-map --from-literal=k=v',
  'secret generic told-secret --from-literal=k=v',
  'service clusterip told-service --tcp=80:80',
  'deployment told-deployment --image=i',
  'job told-job --image=i',
  'cronjob told-cronjob --image=i --schedule=@daily',
  'ingress told-ingress --rule=a.example/=told-service:80',
  'poddisruptionbudget told-budget --selector=a=b --min-available=1',
  'quota told-quota --hard=pods=2',
  'role told-role --verb=get --resource=pods',
  'rolebinding told-binding --role=told-role --user=u',
  'serviceaccount told-account',
];

/** A request for the name "someone"; its key was thrown away. */
const REQUEST_PEM = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHLMHQCAQAwEjEQMA4GA1UEAwwHc29tZW9uZTBZMBMGByqGSM49AgEGCCqGSM49',
  'AwEHA0IABPTToZJ9/SKPC8CFu/lbiFbC9vA7W76GKUYPBgSIDsLYhnVlLDzG3gjZ',
  'f20X4C7yYA2Xhx74rL+mE/e1K5yq1MegADAKBggqhkjOPQQDAgNHADBEAiBeV/9y',
  'hFY6Yw80BqTu1N65FncNAOfue6SkrwBYsK4ZogIgP9ybDcdr7odJR4ehxBrhfqRC',
  'CHffsdL4TKxlK/9O7y0=',
  '-----END CERTIFICATE REQUEST-----',
  '',
].join('\n');

describeWithKubectl('kubectl and objects', () => {
  const server = new TestServer('--nodes', '0');
  const scratch = mkdtempSync(join(tmpdir(), 'ordinal-objects-'));
  const file = (name: string, content: string | object) => {
    const path = join(scratch, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await server.dispose();
  });

  test('API-204: a client that knows nothing yet finds everything', async () => {
    const cold = ['--cache-dir', join(scratch, 'cold'), 'get'];
    expect(await server.kubectl(...cold, 'pods')).toBe('');
    expect(await server.kubectl(...cold, 'all', '-A')).toContain('service/kubernetes');
    expect(await server.kubectl('api-versions')).toMatch(/^apps\/v1$/m);
    const names = await server.kubectl(
      'api-resources',
      '--verbs=list',
      '--namespaced',
      '-o',
      'name',
    );
    expect(names).toMatch(/^statefulsets\.apps$/m);
    expect(await server.kubectl('config', 'view')).toContain('server: https://127.0.0.1:');
  });

  test('API-801: get prints columns, templates, paths, names and in order', async () => {
    await server.apply(configMap('b', { k: 'two' }, { set: 'shown' }));
    await server.apply(configMap('a', { k: 'one' }, { set: 'shown' }));
    const get = (...args: string[]) => server.kubectl('get', 'cm', '-l', 'set=shown', ...args);
    const columns = 'custom-columns=WHO:.metadata.name,WHAT:.data.k';
    expect(await get('-o', columns)).toBe('WHO   WHAT\na     one\nb     two\n');
    const template = '{{range .items}}{{.metadata.name}}={{.data.k}};{{end}}';
    expect(await get('-o', `go-template=${template}`)).toBe('a=one;b=two;');
    expect(await get('-o', 'jsonpath={.items[*].data.k}')).toBe('one two');
    expect(await get('--sort-by={.data.k}', '-o', 'name')).toBe('configmap/a\nconfigmap/b\n');
    expect(await get('--no-headers', '--show-labels')).toMatch(/^a +1 +\d+s +set=shown\n/);
    expect(await get('-L', 'set')).toMatch(/^NAME +DATA +AGE +SET\n/);
    expect(await get('-o', 'yaml')).not.toContain('managedFields');
    expect(await get('-o', 'yaml', '--show-managed-fields')).toContain(
      'manager: kubectl-client-side-apply',
    );
    expect(await server.kubectl('get', '--raw', '/api/v1/namespaces/default/configmaps/a')).toMatch(
      /^\{"kind":"ConfigMap"|^\{"apiVersion":"v1"/,
    );
  });

  test('API-801: get prints kinds, what the client finds itself, and lists of paths', async () => {
    await server.apply(configMap('a-plain', {}, { set: 'plain' }));
    const get = (...args: string[]) => server.kubectl('get', 'cm', '-l', 'set=plain', ...args);
    expect(await get('--show-kind', '--no-headers')).toMatch(/^configmap\/a-plain +0 /);
    expect(await get('--server-print=false')).toMatch(/^NAME +AGE\na-plain +\d+s\n$/);
    expect(JSON.parse(await get('-o', 'jsonpath-as-json={.items[*].metadata.name}'))).toEqual([
      'a-plain',
    ]);
    const template = file('names.tmpl', '{{range .items}}{{.kind}} {{.metadata.name}}\n{{end}}');
    expect(await get('-o', `go-template-file=${template}`)).toBe('ConfigMap a-plain\n');
    const wrong = await server.run(['get', 'cm', '--field-selector', 'data.k=v']);
    expect(wrong.stderr).toContain('"data.k" is not a known field selector');
  });

  test('API-504: get --chunk-size reads a list in pieces', async () => {
    for (const name of ['c1', 'c2', 'c3'])
      await server.apply(configMap(name, {}, { set: 'chunks' }));
    const list = ['get', 'cm', '-l', 'set=chunks', '--chunk-size=1', '-o', 'name', '-v=6'];
    const { stdout, stderr } = await server.run(list);
    expect(stdout).toBe('configmap/c1\nconfigmap/c2\nconfigmap/c3\n');
    expect(stderr.match(/continue=[^ ]+/g)?.length).toBeGreaterThanOrEqual(2);
  });

  test('API-805: get -w tells what happened', async () => {
    const watch = server.following('get', 'cm', '-l', 'set=seen', '-w', '--output-watch-events');
    await until('the watch stands', async () => {
      await server.apply(configMap('seen', { at: `${performance.now()}` }, { set: 'seen' }));
      return watch.output().includes('ADDED');
    });
    await server.kubectl('annotate', 'cm', 'seen', 'x=y');
    await server.kubectl('delete', 'cm', 'seen');
    await until('all events', () => /MODIFIED +seen(.|\n)*DELETED +seen/.test(watch.output()));
    await watch.stop();
  });

  test('diff: 0 without a difference, 1 with one, and nothing is changed', async () => {
    const same = file('same.json', configMap('compared', { k: 'v' }));
    expect((await server.run(['diff', '-f', same])).code).toBe(1);
    await server.kubectl('apply', '-f', same);
    expect(await server.run(['diff', '-f', same])).toMatchObject({ code: 0, stdout: '' });
    const other = file('other.json', configMap('compared', { k: 'w' }));
    const { code, stdout } = await server.run(['diff', '-f', other]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\n- {2}k: v\n\+ {2}k: w\n/);
    expect(await server.field('cm compared', '{.data.k}')).toBe('v');
  });

  test('API-231: explain has every field and its text', async () => {
    const set = await server.kubectl('explain', 'statefulset.spec');
    expect(set).toMatch(/volumeClaimTemplates\t<\[\]PersistentVolumeClaim>\n +\S/);
    const all = await server.kubectl('explain', 'sts', '--recursive');
    expect(all).toMatch(/\n +containers\t<\[\]Container> -required-\n/);
    const older = ['explain', 'sts.spec.replicas', '--output=plaintext-openapiv2'];
    expect(await server.kubectl(...older)).toContain('FIELD:    replicas <integer>');
    expect(await server.kubectl('explain', 'pod.spec.restartPolicy')).toMatch(
      /\nENUM:\n +Always\n +Never\n +OnFailure\n/,
    );
    expect(await server.kubectl('explain', 'pod.spec.containers.resources')).toContain(
      'limits\t<map[string]Quantity>',
    );
    const version = ['explain', 'hpa.spec', '--api-version=autoscaling/v1'];
    expect(await server.kubectl(...version)).toContain('targetCPUUtilizationPercentage\t<integer>');
    const missing = await server.run(['explain', 'sts.spec.nothing']);
    expect(missing.stderr).toContain('field "nothing" does not exist');
  });

  test('explain knows custom resources as soon as they are served', async () => {
    await server.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.sea.example' },
      spec: {
        group: 'sea.example',
        scope: 'Namespaced',
        names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
        versions: [{ name: 'v1', served: true, storage: true, schema: BOAT_SCHEMA }],
      },
    });
    await server.kubectl('wait', '--for=condition=Established', 'crd/boats.sea.example');
    const text = await server.kubectl('explain', 'boat.spec');
    expect(text).toContain('GROUP:      sea.example\nKIND:       Boat\nVERSION:    v1\n');
    expect(text).toMatch(/sail\t<string>\n +enum: red, white\n +the colour of its sail\n/);
  });

  test('edit opens again what was invalid, and gives up what stays so', async () => {
    await server.kubectl('create', 'service', 'clusterip', 'edited', '--tcp=80:80');
    const seen = join(scratch, 'seen');
    const edit = (script: string, ...args: string[]) =>
      server.run(['edit', 'service', 'edited', ...args], {
        env: { KUBE_EDITOR: `sh ${file('editor.sh', script)}` },
      });
    const twice = `cp "$1" ${seen}; grep -q 'port: 0' "$1" && to=81 || to=0\n`;
    const mended = await edit(`${twice}sed -i "s/port: [0-9]*$/port: $to/" "$1"\n`);
    expect(mended).toMatchObject({ code: 0, stdout: 'service/edited edited\n' });
    expect(readFileSync(seen, 'utf8')).toContain(
      '# * spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n',
    );
    expect(await server.field('service edited', '{.spec.ports[0].port}')).toBe('81');
    expect((await edit(':\n')).stderr).toContain('Edit cancelled, no changes made.');
    const kept = await edit('sed -i "s/port: 81/port: 0/" "$1"\n');
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain('A copy of your changes has been stored to');
    const status = 'sed -i "s/loadBalancer: {}/loadBalancer: {ingress: [{ip: 192.0.2.7}]}/" "$1"\n';
    await server.kubectl('patch', 'service', 'edited', '-p', '{"spec":{"type":"LoadBalancer"}}');
    expect((await edit(status, '--subresource=status')).code).toBe(0);
    const path = '{.status.loadBalancer.ingress[0].ip}';
    expect(await server.field('service edited', path)).toBe('192.0.2.7');
  });

  test('API-1302: apply --applyset removes what the set no longer has', async () => {
    const env = { KUBECTL_APPLYSET: 'true' };
    const apply = (...names: string[]) =>
      server.run(['apply', '-n', 'default', '--prune', '--applyset=parent', '-f', '-'], {
        env,
        stdin: JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: names.map((name) => configMap(name)),
        }),
      });
    expect((await apply('set-a', 'set-b')).code).toBe(0);
    expect((await apply('set-b')).stdout).toContain('\nconfigmap/set-a pruned\n');
    const kinds = String.raw`{.metadata.annotations.applyset\.kubernetes\.io/contains-group-kinds}`;
    expect(await server.field('secret parent', kinds)).toBe('ConfigMap');
  });

  test('describe has something to say about every kind', async () => {
    const namespace = ['-n', 'told'];
    await server.kubectl('create', 'namespace', 'told');
    for (const line of DESCRIBED) {
      await server.kubectl('create', ...line.split(' '), ...namespace);
    }
    const kinds = await server.kubectl(
      'api-resources',
      '--verbs=list,get',
      '--namespaced',
      '-o',
      'name',
    );
    const asked = kinds
      .trim()
      .split('\n')
      .filter((kind) => !/^endpoints$|metrics/.test(kind))
      .join(',');
    const { code, stdout, stderr } = await server.run(['describe', asked, ...namespace]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of DESCRIBED) {
      const name = line.split(' ').find((word) => word.startsWith('told-')) ?? '';
      expect(stdout).toMatch(new RegExp(`^Name: +${name}$`, 'm'));
    }
    for (const kind of ['node', 'priorityclass', 'storageclass', 'clusterrole', 'namespace']) {
      expect((await server.run(['describe', kind])).code).toBe(0);
    }
  });

  test('kustomize, and apply and delete -k', async () => {
    file('kustomization.yaml', 'resources: [base.yaml]\nnamePrefix: my-\n');
    file('base.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {k: v}\n');
    expect(await server.kubectl('kustomize', scratch)).toContain('name: my-base\n');
    expect(await server.kubectl('apply', '-k', scratch)).toBe('configmap/my-base created\n');
    expect(await server.kubectl('apply', '-k', scratch)).toBe('configmap/my-base unchanged\n');
    expect(await server.kubectl('delete', '-k', scratch)).toBe('configmap "my-base" deleted\n');
  });

  test('replace --force makes the object anew', async () => {
    const path = file('forced.json', configMap('forced', { k: 'v' }));
    await server.kubectl('create', '-f', path);
    const before = await server.field('cm forced', '{.metadata.uid}');
    expect(await server.kubectl('replace', '--force', '-f', path)).toBe(
      'configmap "forced" deleted\nconfigmap/forced replaced\n',
    );
    expect(await server.field('cm forced', '{.metadata.uid}')).not.toBe(before);
  });

  test('API-701: --subresource=status shows and changes the status alone', async () => {
    await server.kubectl('create', 'ingress', 'door', '--class=a', '--rule=a.example/=web:80');
    const loadBalancer = { ingress: [{ ip: '192.0.2.7' }] };
    const status = JSON.stringify({ spec: { ingressClassName: 'b' }, status: { loadBalancer } });
    const patch = [
      'patch',
      'ingress',
      'door',
      '--subresource=status',
      '--type=merge',
      '-p',
      status,
    ];
    await server.kubectl(...patch);
    const path = '{.spec.ingressClassName} {.status.loadBalancer.ingress[0].ip}';
    expect(await server.field('ingress door', path, '--subresource=status')).toBe('a 192.0.2.7');
  });

  test('API-110: warnings of the server are shown', async () => {
    const deprecated = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'old' },
    };
    const { stderr } = await server.run(['create', '-f', file('old.json', deprecated)]);
    expect(stderr).toContain('Warning: v1 Endpoints is deprecated in v1.33+');
  });

  test('API-709: certificate approve and deny', async () => {
    for (const name of ['granted', 'refused']) {
      await server.apply({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: {
          request: Buffer.from(REQUEST_PEM).toString('base64'),
          signerName: 'example.com/signer',
          usages: ['client auth'],
        },
      });
    }
    await server.kubectl('certificate', 'approve', 'granted');
    await server.kubectl('certificate', 'deny', 'refused');
    const path = '{.items[*].status.conditions[*].type}';
    expect(await server.field('csr', path)).toBe('Approved Denied');
    expect((await server.run(['certificate', 'approve', 'nobody'])).code).toBe(1);
  });
});
