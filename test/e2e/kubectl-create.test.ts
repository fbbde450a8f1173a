// `kubectl create …` in every version that is found: from 1.32 on the bodies are protobuf. Versions
// up to 1.28 check manifests against OpenAPI v2, which they read as protobuf, too.
import { basename } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectlPath, otherKubectls } from './kubectl.ts';
import { describeWithKubectl, TestServer } from './server.ts';

const DOCKER_TYPE = 'kubernetes.io/dockerconfigjson';
const EXTERNAL_NAME = 'db.example.com';

/** Commands and where, in the object they make, to find which value. */
const creations: readonly (readonly [command: string, jsonPath: string, value: string])[] = [
  ['configmap cm --from-literal=a=1', '{.data.a}', '1'],
  ['secret generic sec --from-literal=user=me', '{.data.user}', 'bWU='],
  ['secret docker-registry reg --docker-username=u --docker-password=p', '{.type}', DOCKER_TYPE],
  ['serviceaccount robot', '{.metadata.name}', 'robot'],
  ['service clusterip svc --tcp=80:8080', '{.spec.ports[0].targetPort}', '8080'],
  ['service nodeport np --tcp=80', '{.spec.type}', 'NodePort'],
  ['service externalname en --external-name=db.example.com', '{.spec.externalName}', EXTERNAL_NAME],
  ['deployment web --image=app --replicas=0 --port=80', '{.spec.replicas}', '0'],
  ['job once --image=app -- sh -c true', '{.spec.template.spec.containers[0].command[2]}', 'true'],
  ['cronjob often --image=app --schedule=*/5\\ *\\ *\\ *\\ *', '{.spec.schedule}', '*/5 * * * *'],
  ['poddisruptionbudget pdb --selector=app=web --min-available=1', '{.spec.minAvailable}', '1'],
  ['quota q --hard=cpu=1,pods=2', '{.spec.hard.pods}', '2'],
  ['role reader --verb=get,list --resource=pods', '{.rules[0].verbs[1]}', 'list'],
  ['rolebinding b --role=reader --user=me', '{.subjects[0].name}', 'me'],
  ['ingress i --rule=example.com/=svc:80', '{.spec.rules[0].host}', 'example.com'],
];

/** Splits at spaces that no backslash stands before. */
function words(command: string): string[] {
  return command.split(/(?<!\\) /).map((word) => word.replaceAll('\\ ', ' '));
}

const versionOf = (path: string) => /\.(\d+)$/.exec(basename(path))?.[1] ?? 'newest';

describeWithKubectl('kubectl create', () => {
  const server = new TestServer('--nodes', '0');
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  const kubectls = [...(kubectlPath === undefined ? [] : [kubectlPath]), ...otherKubectls()];
  for (const path of kubectls) {
    const version = versionOf(path);
    const namespace = `v${version}`;
    const run = async (args: readonly string[], stdin = '') => {
      const { code, stdout, stderr } = await server.runWith(path, args, { stdin });
      expect({ args, code, problem: code === 0 ? '' : stderr }).toEqual({
        args,
        code: 0,
        problem: '',
      });
      return stdout;
    };
    const inside = (...args: string[]) => run(['-n', namespace, ...args]);

    test(`API-1203: ${basename(path)} ${version} creates what it can`, async () => {
      await run(['create', 'namespace', namespace]);
      for (const [command, jsonPath, value] of creations) {
        const args = words(command);
        const [kind = '', second = '', third = ''] = args;
        const hasType = kind === 'secret' || kind === 'service';
        await inside('create', ...args);
        const name = hasType ? third : second;
        const shown = await inside('get', kind, name, '-o', `jsonpath=${jsonPath}`);
        expect(shown, command).toBe(value);
      }
      const cluster = `${namespace}-own`;
      await run(['create', 'clusterrole', cluster, '--verb=get', '--resource=nodes']);
      await run(['create', 'clusterrolebinding', cluster, `--clusterrole=${cluster}`, '--group=g']);
      await run(['create', 'priorityclass', cluster, '--value=5', '--description=d']);
      await inside('autoscale', 'deployment', 'web', '--min=2', '--max=3');
      expect(await inside('get', 'hpa', 'web', '-o', 'jsonpath={.spec.maxReplicas}')).toBe('3');
      expect(await inside('create', 'token', 'robot')).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/m);
      expect(await inside('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
      // The whole of OpenAPI v2 through a decoder that is not ours.
      const old = await run(['explain', 'job.spec', '--output=plaintext-openapiv2']);
      expect(old).toMatch(/completions\s+<integer>/);
      expect(await inside('get', 'job', 'once', '--no-headers')).toMatch(/^once +Running +0\/1/);
    });

    test(`API-232, API-236: ${basename(path)} ${version} finds the typo in a manifest`, async () => {
      const manifest = (field: string) =>
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: [
            { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, [field]: { a: '1' } },
          ],
        });
      await run(['-n', namespace, 'apply', '-f', '-'], manifest('data'));
      const refused = await server.runWith(path, ['-n', namespace, 'apply', '-f', '-'], {
        stdin: manifest('dat'),
      });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/unknown field/);
    });
  }
});
