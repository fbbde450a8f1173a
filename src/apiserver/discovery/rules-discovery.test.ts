// Rules of docs/semantics/kubernetes-api.md about discovery and version: pure documents, and the
// paths of a running server.
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinResources } from '../../api/resources.ts';
import { startEdgeServer, type EdgeServer } from '../testing/edge-server.ts';
import { createTestApi } from '../testing/test-api.ts';
import { versionInfo } from '../version.ts';
import { createDiscovery } from './discovery.ts';

const discovery = createDiscovery(builtinResources);
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const OLDER = AGGREGATED.replace('v=v2;', 'v=v2beta1;');

function read(path: string, accept = 'application/json') {
  const document = discovery.document(path, { accept, host: '127.0.0.1:6443' });
  if (!document) throw new Error(`nothing at ${path}`);
  return { ...document, value: JSON.parse(document.body.toString()) as unknown };
}

interface Entry {
  name: string;
  singularName: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  storageVersionHash?: string;
}

const entries = (path: string) => (read(path).value as { resources: Entry[] }).resources;

describe('aggregated', () => {
  test.each([
    ['1.33', `${AGGREGATED},${OLDER},application/json`],
    ['of today', `${AGGREGATED};profile=nopeer,${AGGREGATED},application/json`],
    ['with spaces', 'application/json; v=v2; as=APIGroupDiscoveryList; g=apidiscovery.k8s.io'],
  ])('API-202: the first contact of a client %s', (_, accept) => {
    for (const path of ['/api', '/apis']) {
      const { contentType, value } = read(path, accept);
      expect(contentType).toBe(AGGREGATED);
      expect(value).toMatchObject({ kind: 'APIGroupDiscoveryList' });
    }
  });

  test('API-203: who knows v2beta1 only gets the plain documents', () => {
    const accept = `${OLDER},application/json`;
    expect(read('/api', accept).contentType).toBe('application/json');
    expect(read('/apis', accept).value).toMatchObject({ kind: 'APIGroupList' });
    const only = () => read('/apis', OLDER);
    expect(only).toThrow('only the following media types are accepted');
  });

  test('API-204, API-209: groups, versions, resources and their subresources', () => {
    const core = read('/api', AGGREGATED).value as { items: { metadata: object }[] };
    expect(core).toMatchObject({ apiVersion: 'apidiscovery.k8s.io/v2' });
    expect(core.items[0]?.metadata).toEqual({});
    const { items } = read('/apis', AGGREGATED).value as {
      items: {
        metadata: { name?: string };
        versions: { version: string; freshness: string; resources: { resource: string }[] }[];
      }[];
    };
    const apps = items.find(({ metadata }) => metadata.name === 'apps');
    expect(apps?.versions.map(({ version, freshness }) => [version, freshness])).toEqual([
      ['v1', 'Current'],
    ]);
    const sets = apps?.versions[0]?.resources.find(({ resource }) => resource === 'statefulsets');
    expect(sets).toEqual({
      resource: 'statefulsets',
      responseKind: { group: '', version: '', kind: 'StatefulSet' },
      scope: 'Namespaced',
      singularResource: 'statefulset',
      shortNames: ['sts'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: ['get', 'patch', 'update'],
        },
        {
          subresource: 'status',
          responseKind: { group: '', version: '', kind: 'StatefulSet' },
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
    const autoscaling = items.find(({ metadata }) => metadata.name === 'autoscaling');
    expect(autoscaling?.versions.map(({ version }) => version)).toEqual(['v2', 'v1']);
  });
});

describe('plain', () => {
  test('API-205: versions of the same stored objects have the same hash', () => {
    const hash = (path: string, wanted: string) =>
      entries(path).find(({ name }) => name === wanted)?.storageVersionHash;
    expect(hash('/api/v1', 'pods')).toBe('xPOwRZ+Yhw8=');
    expect(hash('/apis/apps/v1', 'deployments')).toBe('8aSe+NMegvE=');
    expect(hash('/apis/autoscaling/v1', 'horizontalpodautoscalers')).toBe('qwQve8ut294=');
    expect(hash('/apis/autoscaling/v2', 'horizontalpodautoscalers')).toBe('qwQve8ut294=');
    expect(hash('/apis/events.k8s.io/v1', 'events')).toBe('r2yiGXH7wu8=');
    expect(hash('/api/v1', 'pods/status')).toBeUndefined();
    expect(hash('/apis/authorization.k8s.io/v1', 'subjectaccessreviews')).toBeUndefined();
  });

  test('API-205: four documents lead to every resource', () => {
    expect(read('/api').value).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }],
    });
    const { groups } = read('/apis').value as {
      groups: { name: string; versions: { groupVersion: string }[] }[];
    };
    const found = ['v1', ...groups.flatMap(({ versions }) => versions.map((v) => v.groupVersion))]
      .map((version) => (version === 'v1' ? '/api/v1' : `/apis/${version}`))
      .flatMap((path) => entries(path).map(({ name }) => `${path} ${name}`));
    for (const { group, version, resource } of builtinResources) {
      expect(found).toContain(`${group === '' ? '/api' : `/apis/${group}`}/${version} ${resource}`);
    }
    expect(read('/apis/apps').value).toMatchObject({
      kind: 'APIGroup',
      name: 'apps',
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    });
  });

  test('API-206: drain finds the eviction of pods', () => {
    expect(entries('/api/v1')).toContainEqual({
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    });
  });

  test('API-207: subresources have no singular name, verbs are lower case', () => {
    const all = [...entries('/api/v1'), ...entries('/apis/apps/v1')];
    const subresources = all.filter(({ name }) => name.includes('/'));
    expect(subresources.length).toBeGreaterThan(20);
    expect(subresources.filter(({ singularName }) => singularName !== '')).toEqual([]);
    expect(all.flatMap(({ verbs }) => verbs).filter((verb) => !/^[a-z]+$/.test(verb))).toEqual([]);
    expect(subresources.find(({ name }) => name === 'pods/log')?.verbs).toEqual(['get']);
    expect(subresources.find(({ name }) => name === 'statefulsets/scale')).toMatchObject({
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
    });
  });

  test('API-208: category all and the short names', () => {
    const paths = ['/api/v1', '/apis/apps/v1', '/apis/batch/v1', '/apis/autoscaling/v2'];
    const all = paths
      .flatMap(entries)
      .filter(({ categories }) => categories?.includes('all') === true);
    expect(all.map(({ name }) => name)).toEqual([
      'pods',
      'replicationcontrollers',
      'services',
      'daemonsets',
      'deployments',
      'replicasets',
      'statefulsets',
      'cronjobs',
      'jobs',
      'horizontalpodautoscalers',
    ]);
    const short = Object.fromEntries(
      builtinResources.flatMap(({ resource, shortNames }) =>
        shortNames.map((name) => [name, resource]),
      ),
    );
    expect(short).toMatchObject({
      po: 'pods',
      svc: 'services',
      ns: 'namespaces',
      no: 'nodes',
      cm: 'configmaps',
      ev: 'events',
      ep: 'endpoints',
      sa: 'serviceaccounts',
      pvc: 'persistentvolumeclaims',
      pv: 'persistentvolumes',
      rc: 'replicationcontrollers',
      quota: 'resourcequotas',
      limits: 'limitranges',
      sts: 'statefulsets',
      deploy: 'deployments',
      rs: 'replicasets',
      ds: 'daemonsets',
      cj: 'cronjobs',
      hpa: 'horizontalpodautoscalers',
      pdb: 'poddisruptionbudgets',
      sc: 'storageclasses',
      ing: 'ingresses',
      netpol: 'networkpolicies',
      pc: 'priorityclasses',
      csr: 'certificatesigningrequests',
    });
  });
});

describe('over HTTPS', () => {
  let edge: EdgeServer;
  beforeAll(async () => {
    edge = await startEdgeServer((await createTestApi()).handler);
  });
  afterAll(() => edge.server.stop());

  function get(path: string, headers: Record<string, string> = {}) {
    const { certificates, port } = edge;
    const authorization = `Bearer ${certificates.adminToken}`;
    const target = { host: '127.0.0.1', port, path, ca: certificates.ca, agent: false };
    return new Promise<{ code: number; etag: string; text: string }>((resolve, reject) => {
      httpsRequest({ ...target, headers: { authorization, ...headers } }, (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        const { statusCode = 0, headers: received } = reply;
        reply.on('end', () => resolve({ code: statusCode, etag: received.etag ?? '', text }));
      })
        .on('error', reject)
        .end();
    });
  }

  test('API-201: the version, of texts only', async () => {
    for (const path of ['/version', '/version/', '/version?timeout=5s']) {
      const { code, text } = await get(path);
      expect(code).toBe(200);
      const version = JSON.parse(text) as Record<string, unknown>;
      expect(Object.values(version).filter((value) => typeof value !== 'string')).toEqual([]);
      expect(version).toMatchObject({ major: '1', minor: '36', compiler: expect.any(String) });
      expect(version['gitVersion']).toMatch(/^v1\.36\.\d+(\+[\w.]+)?$/);
      expect(Object.keys(version).toSorted()).toEqual([
        'buildDate',
        'compiler',
        'gitCommit',
        'gitTreeState',
        'gitVersion',
        'goVersion',
        'major',
        'minor',
        'platform',
      ]);
    }
    expect(versionInfo('1.37')).toMatchObject({ minor: '37' });
  });

  test('API-210: a document that is known already is 304', async () => {
    const accept = AGGREGATED;
    const first = await get('/apis', { accept });
    expect([first.code, first.etag]).toEqual([200, expect.stringMatching(/^"[0-9A-F]{64}"$/)]);
    const again = await get('/apis', { accept, 'if-none-match': first.etag });
    expect([again.code, again.text]).toEqual([304, '']);
    const other = await get('/apis', { accept: 'application/json', 'if-none-match': first.etag });
    expect(other.code).toBe(200);
  });
});
