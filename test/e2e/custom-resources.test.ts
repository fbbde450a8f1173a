// Custom resources as their users meet them with kubectl (API-1001 … API-1012).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, TestServer } from './server.ts';

const schema = {
  type: 'object',
  description: 'A crew of a ship.',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        { rule: 'self.size <= self.max', message: 'too many for the ship' },
      ],
      properties: {
        size: { type: 'integer', default: 1, description: 'How many sail.' },
        max: { type: 'integer', default: 5 },
        rank: { type: 'string' },
      },
    },
    status: {
      type: 'object',
      properties: {
        ready: { type: 'integer' },
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            required: ['type', 'status'],
            properties: { type: { type: 'string' }, status: { type: 'string' } },
          },
        },
      },
    },
  },
};

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crews.sea.example.com' },
  spec: {
    group: 'sea.example.com',
    names: { plural: 'crews', kind: 'Crew', shortNames: ['cw'], categories: ['all'] },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Rank', type: 'string', jsonPath: '.spec.rank', priority: 1 },
        ],
      },
    ],
  },
};

const crew = (name: string, spec: object) => ({
  apiVersion: 'sea.example.com/v1',
  kind: 'Crew',
  metadata: { name },
  spec,
});

describeWithKubectl('custom resources', () => {
  const server = new TestServer('--nodes', '0');

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('API-1006: a definition and at once an object of it, in one file', async () => {
    await server.apply(definition);
    await server.apply(crew('one', { size: 2, rank: 'mate' }));
    const established = ['wait', '--for=condition=Established', 'crd/crews.sea.example.com'];
    expect(await server.kubectl(...established)).toContain('condition met');
    expect(await server.field('crew one', '{.spec.max}')).toBe('5');
  });

  test('API-801, API-1012: printer columns, short names, categories, the list of definitions', async () => {
    const wide = await server.kubectl('get', 'cw', '-o', 'wide');
    expect(wide.split('\n').map((line) => line.trim().split(/\s+/))).toEqual([
      ['NAME', 'SIZE', 'RANK'],
      ['one', '2', 'mate'],
      [''],
    ]);
    expect(await server.kubectl('get', 'all')).toContain('crew.sea.example.com/one');
    const definitions = await server.kubectl('get', 'crd');
    expect(definitions).toMatch(/^NAME\s+CREATED AT\ncrews\.sea\.example\.com\s+\d{4}-/);
    expect(await server.kubectl('api-resources', '--api-group=sea.example.com')).toContain('Crew');
  });

  test('API-1011: explain shows the schema', async () => {
    expect(await server.kubectl('explain', 'crew')).toContain('A crew of a ship.');
    const size = await server.kubectl('explain', 'crew.spec.size');
    expect(size).toContain('How many sail.');
    expect(size).toContain('<integer>');
    expect(await server.kubectl('explain', 'crew.metadata.name')).toContain('<string>');
  });

  test('API-1010: a rule refuses, with its message', async () => {
    const stdin = JSON.stringify(crew('two', { size: 9 }));
    const result = await server.run(['apply', '-f', '-'], { stdin });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('spec: Invalid value: too many for the ship');
  });

  test('API-1003, API-921: kubectl refuses members that the schema does not know', async () => {
    const stdin = JSON.stringify(crew('two', { sise: 1 }));
    const result = await server.run(['apply', '-f', '-'], { stdin });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('unknown field "spec.sise"');
  });

  test('API-702, API-1009: scale, patch and apply again', async () => {
    await server.kubectl('scale', 'crew/one', '--replicas=4');
    expect(await server.field('crew one', '{.spec.size}')).toBe('4');
    await server.kubectl('patch', 'crew', 'one', '--type=merge', '-p', '{"spec":{"max":7}}');
    await server.apply(crew('one', { size: 3 }));
    // What was applied before goes, what was patched stays.
    expect(await server.field('crew one', '{.spec.size} {.spec.max} {.spec.rank}')).toBe('3 7 ');
    expect(await server.apply(crew('one', { size: 3 }), '--server-side', '--force-conflicts')).toBe(
      'crew.sea.example.com/one serverside-applied\n',
    );
  });

  test('API-701: wait sees the status', async () => {
    const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    const body = JSON.stringify(status);
    await server.kubectl(
      'patch',
      'crew',
      'one',
      '--subresource=status',
      '--type=merge',
      '-p',
      body,
    );
    const wait = await server.kubectl('wait', '--for=condition=Ready', 'crew/one');
    expect(wait).toContain('condition met');
  });

  test('SS-601: the garbage collector knows custom owners', async () => {
    const uid = await server.field('crew one', '{.metadata.uid}');
    const owner = { apiVersion: 'sea.example.com/v1', kind: 'Crew', name: 'one', uid };
    await server.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'log', ownerReferences: [owner] },
    });
    await server.kubectl('delete', 'crew', 'one');
    await server.kubectl('wait', '--for=delete', 'cm/log', '--timeout=20s');
  });

  test('API-909: a namespace takes its custom resources with it', async () => {
    await server.kubectl('create', 'namespace', 'bay');
    await server.apply({ ...crew('three', {}), metadata: { name: 'three', namespace: 'bay' } });
    await server.kubectl('delete', 'namespace', 'bay', '--timeout=20s');
    expect(await server.kubectl('get', 'crews', '-A', '-o', 'name')).toBe('');
  });

  test('API-1007: with the definition its objects go, and kubectl forgets the kind', async () => {
    await server.apply(crew('four', {}));
    await server.kubectl('delete', 'crd', 'crews.sea.example.com', '--timeout=20s');
    const left = await server.kubectl('api-resources', '--api-group=sea.example.com', '-o', 'name');
    expect(left).toBe('');
  });
});
