import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json, type JsonObject } from '../object.ts';
import { builtinTypes } from '../type-model.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

const web: JsonObject = deepFreeze({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'c1',
            image: 'app:1',
            args: ['a', 'b'],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
              { name: 'C', value: '3' },
            ],
            ports: [
              { containerPort: 80, name: 'http' },
              { containerPort: 53, protocol: 'UDP', name: 'dns-u' },
              { containerPort: 53, protocol: 'TCP', name: 'dns-t' },
            ],
            resources: { requests: { cpu: '1', memory: '1Gi' } },
            livenessProbe: { exec: { command: ['x'] }, periodSeconds: 10 },
          },
          { name: 'c2', image: 'app:1' },
          { name: 'c3', image: 'app:1' },
        ],
        nodeSelector: { a: '1', b: '2' },
        tolerations: [{ key: 'a', operator: 'Exists' }, { key: 'b' }],
        imagePullSecrets: [{ name: 's1' }, { name: 's2' }],
        volumes: [
          { name: 'v1', emptyDir: { medium: 'Memory' } },
          { name: 'v2', configMap: { name: 'cm' } },
        ],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone' }],
      },
    },
  },
});

function patched(patch: Json, original: JsonObject = web, type = 'StatefulSet'): JsonObject {
  return applyStrategicMerge(original, deepFreeze(patch), { type, model: builtinTypes });
}

/** Patches the pod's spec; gives the pod's spec. */
function podSpec(patch: Json): JsonObject {
  const result = patched({ spec: { template: { spec: patch } } });
  return ((result['spec'] as JsonObject)['template'] as JsonObject)['spec'] as JsonObject;
}

/** Patches container c1; gives c1. */
function container(patch: JsonObject): JsonObject {
  return (
    (podSpec({ containers: [{ name: 'c1', ...patch }] })['containers'] as JsonObject[])[0] ?? {}
  );
}

function names(list: Json | undefined): Json[] {
  return (list as JsonObject[]).map((item) => item['name'] ?? null);
}

function failure(act: () => unknown): { code: number; reason: string; message: string } {
  try {
    act();
  } catch (error) {
    const { code, reason, message } = error as { code: number; reason: string; message: string };
    return { code, reason, message };
  }
  throw new Error('the patch was accepted');
}

describe('maps', () => {
  it('API-620: members merge, null deletes, scalars replace', () => {
    expect(podSpec({ nodeSelector: { b: null, c: '3' } })['nodeSelector']).toEqual({
      a: '1',
      c: '3',
    });
    expect(patched({ spec: { replicas: 3, serviceName: null } })['spec']).toMatchObject({
      replicas: 3,
    });
    expect(patched({ metadata: { labels: { a: 'b', n: null } } })['metadata']).toEqual({
      name: 'web',
      labels: { a: 'b' },
    });
  });

  it('API-621: $patch replaces and deletes', () => {
    expect(podSpec({ nodeSelector: { $patch: 'replace', z: '1' } })['nodeSelector']).toEqual({
      z: '1',
    });
    expect(podSpec({ nodeSelector: { $patch: 'delete' } })['nodeSelector']).toEqual({});
    expect(
      container({ resources: { $patch: 'replace', requests: { cpu: '3' } } })['resources'],
    ).toEqual({
      requests: { cpu: '3' },
    });
    expect(patched({ spec: { $patch: 'delete' } })['spec']).toEqual({});
  });

  it('API-625: a rollback replaces the whole template', () => {
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'x' }] },
    };
    const result = patched({ spec: { template: { $patch: 'replace', ...template } } });
    expect((result['spec'] as JsonObject)['template']).toEqual(template);
  });

  it('API-623: $retainKeys drops what is not listed', () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(patched(patch, { spec: { strategy } }, 'Deployment')).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    });
    const volume = { name: 'v1', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } };
    expect((podSpec({ volumes: [volume] })['volumes'] as Json[])[0]).toEqual({
      name: 'v1',
      hostPath: { path: '/x' },
    });
  });

  it('PDB: a selector is replaced whole (API-620)', () => {
    const original = { spec: { selector: { matchLabels: { a: 'b' } } } };
    const patch = { spec: { selector: { matchLabels: { x: 'y' } } } };
    expect(patched(patch, original, 'PodDisruptionBudget')).toEqual(patch);
  });
});

describe('lists of objects', () => {
  it('API-620: items merge by key; new ones come first, live ones keep their order', () => {
    expect(names(podSpec({ containers: [{ name: 'new' }] })['containers'])).toEqual([
      'new',
      'c1',
      'c2',
      'c3',
    ]);
    expect(container({ env: [{ name: 'A', value: 'x' }] })['env']).toEqual([
      { name: 'A', value: 'x' },
      { name: 'B', value: '2' },
      { name: 'C', value: '3' },
    ]);
    expect(names(podSpec({ containers: [{ name: 'c3', image: 'n' }] })['containers'])).toEqual([
      'c1',
      'c2',
      'c3',
    ]);
  });

  it('API-624: two ports of one number share a key: the first is merged', () => {
    const renamed = { containerPort: 53, protocol: 'UDP', name: 'renamed' };
    expect(names(container({ ports: [renamed] })['ports'])).toEqual(['http', 'renamed', 'dns-t']);
    expect(
      podSpec({ topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 3 }] }),
    ).toMatchObject({
      topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 3 }],
    });
  });

  it('API-621: items are deleted, lists replaced by directives', () => {
    expect(names(container({ env: [{ name: 'A', $patch: 'delete' }] })['env'])).toEqual(['B', 'C']);
    const unknown = podSpec({ containers: [{ name: 'zz', $patch: 'delete' }] });
    expect(names(unknown['containers'])).toEqual(['c1', 'c2', 'c3']);
    const replaced = container({ env: [{ name: 'Z', value: '0' }, { $patch: 'replace' }] });
    expect(replaced['env']).toEqual([{ name: 'Z', value: '0' }]);
    expect(container({ env: null })['env']).toBeUndefined();
    expect(names(container({ env: [] })['env'])).toEqual(['A', 'B', 'C']);
  });

  it('API-622: $setElementOrder orders, with and without changes', () => {
    const moved = podSpec({ '$setElementOrder/volumes': [{ name: 'v2' }, { name: 'v1' }] });
    expect(names(moved['volumes'])).toEqual(['v2', 'v1']);
    const order = [{ name: 'c3' }, { name: 'new' }, { name: 'c1' }];
    const both = podSpec({
      '$setElementOrder/containers': order,
      containers: [{ name: 'new', image: 'n' }],
    });
    expect(names(both['containers'])).toEqual(['c2', 'c3', 'new', 'c1']);
  });

  it('API-620: lists without a key are replaced, also in items', () => {
    expect(podSpec({ tolerations: [{ key: 'c' }] })['tolerations']).toEqual([{ key: 'c' }]);
    expect(container({ args: ['z'] })['args']).toEqual(['z']);
  });

  it('API-620: Service ports merge by port (recorded)', () => {
    const original = {
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      },
    };
    const patch = {
      spec: {
        ports: [
          { port: 80, targetPort: 8080 },
          { port: 82, name: 'c' },
        ],
      },
    };
    expect(patched(patch, original, 'Service')).toEqual({
      spec: {
        ports: [
          { name: 'a', port: 80, targetPort: 8080 },
          { port: 82, name: 'c' },
          { name: 'b', port: 81 },
        ],
      },
    });
  });
});

describe('lists of scalars (recorded)', () => {
  const original = { metadata: { finalizers: ['e/a', 'e/b', 'e/c'] } };
  const finalizers = (patch: JsonObject) =>
    (patched({ metadata: patch }, original, 'ConfigMap')['metadata'] as JsonObject)['finalizers'];

  it('API-622: sets unite, the patch first; $deleteFromPrimitiveList takes out', () => {
    expect(finalizers({ finalizers: ['e/d', 'e/a'] })).toEqual(['e/d', 'e/a', 'e/b', 'e/c']);
    expect(finalizers({ '$deleteFromPrimitiveList/finalizers': ['e/b'] })).toEqual(['e/a', 'e/c']);
    expect(
      finalizers({ '$deleteFromPrimitiveList/finalizers': ['e/b'], finalizers: ['e/e'] }),
    ).toEqual(['e/e', 'e/a', 'e/c']);
    expect(finalizers({ '$setElementOrder/finalizers': ['e/c', 'e/a'] })).toEqual([
      'e/b',
      'e/c',
      'e/a',
    ]);
  });
});

describe('mistakes', () => {
  it.each<[string, () => unknown, number, string]>([
    [
      'an unknown directive',
      () => container({ $patch: 'burn' }),
      500,
      'unknown patch type: burn in map: map[$patch:burn name:c1]',
    ],
    [
      'merge in an item',
      () => container({ $patch: 'merge', image: 'n' }),
      500,
      'merging lists cannot yet be specified in the patch',
    ],
    [
      'a missing key',
      () => podSpec({ containers: [{ image: 'n' }] }),
      500,
      'map: map[image:n] does not contain declared merge key: name',
    ],
    [
      'a scalar among objects',
      () => podSpec({ containers: ['x'] }),
      500,
      'list element types are not identical',
    ],
    [
      'a wrong order',
      () => podSpec({ '$setElementOrder/volumes': [{ name: 'v2' }], volumes: [{ name: 'v1' }] }),
      500,
      "The order in patch list:\n[map[name:v1]]\n doesn't match $setElementOrder list:\n[map[name:v2]]\n",
    ],
    [
      'a bad $retainKeys',
      () => podSpec({ volumes: [{ name: 'v1', $retainKeys: 'x' }] }),
      400,
      'invalid patch format of retainKeys',
    ],
    [
      'an unlisted member',
      () => podSpec({ volumes: [{ name: 'v1', $retainKeys: ['x'] }] }),
      400,
      'invalid patch format of retainKeys',
    ],
    [
      'lists of lists',
      () => podSpec({ imagePullSecrets: [[1]], $retainKeys: ['imagePullSecrets'] }),
      500,
      '',
    ],
    [
      'a list',
      () => patched(['a']),
      400,
      'json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
  ])('API-621/622/624: %s', (_, act, code, message) => {
    const found = failure(act);
    expect(found.code).toBe(code);
    expect(found.message).toContain(message);
    expect(found.reason).toBe(code === 500 ? '' : 'BadRequest');
  });

  it('API-606: unknown members pass through, for decoding to report', () => {
    expect(patched({ spec: { colour: 'red' } })['spec']).toMatchObject({ colour: 'red' });
  });

  it('shares what the patch does not touch', () => {
    const result = patched({ metadata: { labels: { a: 'b' } } });
    expect(result['spec']).toBe(web['spec']);
    expect(result).not.toBe(web);
  });
});
