// Who may do what, with the real kubectl and from within a pod: roles, tokens, impersonation,
// `kubectl auth`, and the audit log.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithKubectl, describeWithPods, TestServer } from './server.ts';

const READER = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: default}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: robot, namespace: default}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: team}
`;

describeWithKubectl('kubectl and rights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ordinal-audit-'));
  const auditLog = join(folder, 'audit.log');
  const server = new TestServer('--nodes', '0', '--audit-log', auditLog);
  /** kubectl with a token only: without the administrator's certificate. */
  const withToken = (token: string, ...args: string[]) => {
    const { server: address } = server.ready;
    const own = ['--kubeconfig', '/dev/null', '--server', address, '--token', token];
    return server.run([...own, '--insecure-skip-tls-verify', ...args]);
  };

  beforeAll(async () => {
    await server.start();
    await server.kubectl('create', 'serviceaccount', 'robot');
    await server.apply(READER);
  });
  afterAll(async () => {
    await server.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  test('API-1106: auth whoami and can-i answer the administrator', async () => {
    const whoami = await server.kubectl('auth', 'whoami');
    expect(whoami).toMatch(/Username +kubernetes-admin/);
    expect(whoami).toMatch(/Groups +\[system:masters system:authenticated\]/);
    expect(await server.kubectl('auth', 'can-i', 'delete', 'nodes')).toBe('yes\n');
    expect(await server.kubectl('auth', 'can-i', '--list')).toMatch(
      /^\*\.\* +\[\] +\[\] +\[\*\]$/m,
    );
  });

  test('API-707, API-1105: a token may do what its account may', async () => {
    const token = (await server.kubectl('create', 'token', 'robot', '--duration=10m')).trim();
    expect((await withToken(token, 'get', 'pods')).code).toBe(0);
    const secrets = await withToken(token, 'get', 'secrets');
    expect(secrets.code).toBe(1);
    expect(secrets.stderr).toContain(
      'Error from server (Forbidden): secrets is forbidden: ' +
        'User "system:serviceaccount:default:robot" cannot list resource "secrets" ' +
        'in API group "" in the namespace "default"',
    );
    expect((await withToken(token, 'auth', 'can-i', 'list', 'pods')).stdout).toBe('yes\n');
    const no = await withToken(token, 'auth', 'can-i', 'delete', 'pods');
    expect([no.code, no.stdout]).toEqual([1, 'no\n']);
    const whoami = await withToken(token, 'auth', 'whoami', '-o', 'json');
    expect(JSON.parse(whoami.stdout)).toMatchObject({
      status: { userInfo: { username: 'system:serviceaccount:default:robot' } },
    });
    const list = await withToken(token, 'auth', 'can-i', '--list');
    expect(list.stdout).toMatch(/^pods +\[\] +\[\] +\[get list watch\]$/m);
  });

  test('API-1102: the keys of tokens are published to service accounts', async () => {
    const token = (await server.kubectl('create', 'token', 'robot')).trim();
    const read = async (path: string) => {
      const { code, stdout, stderr } = await withToken(token, 'get', '--raw', path);
      if (code !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    expect(await read('/.well-known/openid-configuration')).toMatchObject({
      issuer: 'https://kubernetes.default.svc',
      jwks_uri: `${server.ready.server}/openid/v1/jwks`,
      id_token_signing_alg_values_supported: ['ES256'],
    });
    expect(await read('/openid/v1/jwks')).toMatchObject({ keys: [{ use: 'sig', alg: 'ES256' }] });
    await expect(read('/metrics')).rejects.toThrow('cannot get path "/metrics"');
  });

  test('API-318: a token dies with its account', async () => {
    await server.kubectl('create', 'serviceaccount', 'brief');
    const token = (await server.kubectl('create', 'token', 'brief')).trim();
    expect((await withToken(token, 'auth', 'whoami')).code).toBe(0);
    await server.kubectl('delete', 'serviceaccount', 'brief');
    const gone = await withToken(token, 'get', 'pods');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('You must be logged in to the server');
  });

  test('API-1107: --as and --as-group act as others', async () => {
    const asJane = await server.run(['get', 'pods', '--as', 'jane']);
    expect(asJane.stderr).toContain('User "jane" cannot list resource "pods"');
    await server.kubectl('get', 'pods', '--as', 'jane', '--as-group', 'team');
    const account = 'system:serviceaccount:default:robot';
    expect(await server.kubectl('auth', 'can-i', 'list', 'pods', '--as', account)).toBe('yes\n');
  });

  test('API-1105: create role, clusterrole and their bindings', async () => {
    await server.kubectl('create', 'clusterrole', 'nodes', '--verb=get,list', '--resource=nodes');
    await server.kubectl('create', 'clusterrolebinding', 'n', '--clusterrole=nodes', '--user=ann');
    await server.kubectl('get', 'nodes', '--as', 'ann');
    const role = ['--verb=get', '--resource=configmaps', '--resource-name=one'];
    await server.kubectl('create', 'role', 'one', ...role);
    await server.kubectl('create', 'rolebinding', 'one', '--role=one', '--user=ann');
    await server.kubectl('create', 'configmap', 'one');
    await server.kubectl('get', 'configmap', 'one', '--as', 'ann');
    expect((await server.run(['get', 'configmap', 'two', '--as', 'ann'])).stderr).toContain(
      'Forbidden',
    );
    const wide = await server.kubectl('get', 'rolebinding', 'reader', '-o', 'wide');
    expect(wide).toMatch(/^reader +Role\/reader +\S+ +team +default\/robot$/m);
  });

  test('API-1105: admin, edit and view gather their rights, and auth reconcile adds to roles', async () => {
    await server.untilField('clusterrole view', '{.rules[*].resources}', { is: /"pods"/ });
    await server.untilField('clusterrole edit', '{.rules[*].resources}', { is: /"pods"/ });
    await server.kubectl('create', 'rolebinding', 'v', '--clusterrole=view', '--user=vic');
    await server.kubectl('get', 'pods,services,statefulsets', '--as', 'vic');
    expect((await server.run(['get', 'secrets', '--as', 'vic'])).code).toBe(1);
    const more = READER.replace('[get, list, watch]', '[delete]');
    const done = await server.run(['auth', 'reconcile', '-f', '-'], { stdin: more });
    expect(done).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('reconciled') as string,
    });
    const verbs = await server.field('role reader', '{.rules[*].verbs}');
    for (const verb of ['get', 'list', 'watch', 'delete']) expect(verbs).toContain(`"${verb}"`);
  });

  test('API-117: the audit log has said it all', async () => {
    await server.kubectl('get', 'nodes', '--as', 'ann');
    const events = readFileSync(auditLog, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toContainEqual(
      expect.objectContaining({
        verb: 'list',
        user: expect.objectContaining({ username: 'kubernetes-admin' }) as object,
        impersonatedUser: expect.objectContaining({ username: 'ann' }) as object,
        objectRef: { resource: 'nodes', apiVersion: 'v1' },
        responseStatus: { metadata: {}, code: 200 },
      }),
    );
  });
});

/** Asks the API as the pod it runs in; prints the codes. */
const IN_POD_CLIENT = `
  const fs = require('fs');
  const own = '/var/run/secrets/kubernetes.io/serviceaccount/';
  const read = (name) => fs.readFileSync(own + name, 'utf8');
  const ask = (path) => new Promise((resolve, reject) => {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
    const headers = { authorization: 'Bearer ' + read('token') };
    require('https')
      .get({ host, port, path, headers, ca: read('ca.crt') }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      })
      .on('error', reject);
  });
  const inside = '/api/v1/namespaces/' + read('namespace') + '/';
  (async () => console.log(await ask(inside + 'pods'), await ask(inside + 'secrets')))();
`;

describeWithPods('rights within a pod', () => {
  const server = new TestServer();
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('API-1108: a client in a pod may do what its account may', async () => {
    await server.kubectl('create', 'serviceaccount', 'robot');
    await server.apply(READER);
    const node = '/opt/e2e/node';
    const main = shell(WAIT_FOR_TERM, {
      volumeMounts: [{ name: 'node', mountPath: node, readOnly: true }],
    });
    const volumes = [{ name: 'node', hostPath: { path: process.execPath, type: 'File' } }];
    await server.apply(pod('client', main, { serviceAccountName: 'robot', volumes }));
    await server.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=30s');
    const codes = await server.kubectl('exec', 'client', '--', node, '-e', IN_POD_CLIENT);
    expect(codes).toBe('200 403\n');
  });
});
