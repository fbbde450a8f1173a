import { describe, expect, it } from 'vitest';
import {
  configMaps,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
  services,
  statefulSets,
} from '../../src/api/resources.ts';
import { claimOf, createVolume, podOf, useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: '*' });

const removeNamespace = (name: string) => cluster.client.resource(namespaces).delete({ name });

const bind = (namespace: string, name: string) =>
  cluster.client
    .resource(pods)
    .createSubresource(
      { namespace, name, subresource: 'binding' },
      { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { name: 'some-node' } },
    );

const endPod = (namespace: string, name: string) =>
  cluster.client.resource(pods).delete({ namespace, name }, { gracePeriodSeconds: 0 });

describe('what every namespace has', () => {
  it('the account `default` comes back when it is deleted', async () => {
    const namespace = await cluster.namespace('account');
    const name = { namespace, name: 'default' };
    const uid = async () => (await cluster.get(serviceAccounts, name))?.metadata.uid;
    const before = await uid();
    await cluster.client.resource(serviceAccounts).delete(name);
    const isAnother = async () => {
      const now = await uid();
      return now !== undefined && now !== before;
    };
    await cluster.eventually(isAnother, true);
  });

  it('the certificate of the API server comes back when it is changed or deleted', async () => {
    const namespace = await cluster.namespace('root');
    const name = { namespace, name: 'kube-root-ca.crt' };
    const api = cluster.client.resource(configMaps);
    const text = async () => (await cluster.get(configMaps, name))?.data?.['ca.crt'] ?? '';
    const isThere = async () => (await text()).startsWith('-----BEGIN CERTIFICATE-----');
    await cluster.eventually(isThere, true);
    const body = { data: { 'ca.crt': 'zzz', extra: 'x' } };
    await api.patch(name, { type: 'merge', body });
    await cluster.eventually(isThere, true);
    expect(Object.keys((await api.get(name)).data ?? {})).toEqual(['ca.crt']);
    await api.delete(name);
    await cluster.eventually(isThere, true);
  });
});

describe('the end of a namespace', () => {
  it('SS-612: everything in it goes, pods before what they need', async () => {
    const namespace = await cluster.namespace('full');
    const labels = { app: 'web' };
    await cluster.create(services, {
      metadata: { name: 'web', namespace },
      spec: { clusterIP: 'None', selector: labels },
    });
    await cluster.create(statefulSets, {
      metadata: { name: 'web', namespace },
      spec: {
        replicas: 1,
        serviceName: 'web',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'app:1' }] },
        },
      },
    });
    const pod = { namespace, name: 'web-0' };
    await cluster.eventually(async () => (await cluster.get(pods, pod)) !== undefined, true);
    await bind(namespace, 'web-0');
    await removeNamespace(namespace);
    await cluster.eventually(
      async () => (await cluster.get(pods, pod))?.metadata.deletionTimestamp !== undefined,
      true,
    );
    expect(await cluster.get(services, { namespace, name: 'web' })).toBeDefined();
    await endPod(namespace, 'web-0');
    await cluster.gone(namespaces, { name: namespace });
    expect(await cluster.get(statefulSets, { namespace, name: 'web' })).toBeUndefined();
  });

  it('SS-612: content with a finalizer holds it, and its conditions say so', async () => {
    const name = await cluster.namespace('stay');
    const metadata = { name: 'x', namespace: name, finalizers: ['example.com/stay'] };
    await cluster.create(configMaps, { metadata });
    await removeNamespace(name);
    const conditions = async () => {
      const namespace = await cluster.get(namespaces, { name });
      const found = namespace?.status?.conditions ?? [];
      return found.map(({ type, status, message }) => `${type} ${status}: ${message}`).toSorted();
    };
    await cluster.eventually(conditions, [
      'NamespaceContentRemaining True: Some resources are remaining: ' +
        'configmaps. has 1 resource instances',
      'NamespaceDeletionContentFailure False: All content successfully deleted, may be waiting ' +
        'on finalization',
      'NamespaceDeletionDiscoveryFailure False: All resources successfully discovered',
      'NamespaceDeletionGroupVersionParsingFailure False: All legacy kube types successfully ' +
        'parsed',
      'NamespaceFinalizersRemaining True: Some content in the namespace has finalizers ' +
        'remaining: example.com/stay in 1 resource instances',
    ]);
    const body = { metadata: { finalizers: null } };
    const map = { namespace: name, name: 'x' };
    await cluster.client.resource(configMaps).patch(map, { type: 'merge', body });
    await cluster.gone(namespaces, { name });
  });
});

describe('protection of storage', () => {
  it('SS-871: a claim stays while a placed pod names it, whatever its phase', async () => {
    const namespace = await cluster.namespace('used');
    const claim = { namespace, name: 'c' };
    const spec = { storageClassName: namespace };
    await cluster.create(persistentVolumeClaims, claimOf(namespace, 'c', spec));
    await cluster.create(pods, podOf(namespace, 'p', { claim: 'c' }));
    await bind(namespace, 'p');
    const api = cluster.client.resource(pods);
    const pod = await api.get({ namespace, name: 'p' });
    await api.updateStatus({ ...pod, status: { ...pod.status, phase: 'Succeeded' } });
    await cluster.client.resource(persistentVolumeClaims).delete(claim);
    // A claim that nobody uses is through after the used one was looked at.
    await cluster.create(persistentVolumeClaims, claimOf(namespace, 'free', spec));
    await cluster.client.resource(persistentVolumeClaims).delete({ namespace, name: 'free' });
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'free' });
    expect(await cluster.get(persistentVolumeClaims, claim)).toBeDefined();
    await endPod(namespace, 'p');
    await cluster.gone(persistentVolumeClaims, claim);
  });

  it('SS-871: pods without a node hold no claim', async () => {
    const namespace = await cluster.namespace('unplaced');
    const spec = { storageClassName: namespace };
    await cluster.create(persistentVolumeClaims, claimOf(namespace, 'c', spec));
    await cluster.create(pods, podOf(namespace, 'p', { claim: 'c' }));
    await cluster.client.resource(persistentVolumeClaims).delete({ namespace, name: 'c' });
    await cluster.gone(persistentVolumeClaims, { namespace, name: 'c' });
  });

  it('SS-872: a free volume goes at once', async () => {
    await createVolume(cluster, 'free-volume');
    await cluster.client.resource(persistentVolumes).delete({ name: 'free-volume' });
    await cluster.gone(persistentVolumes, { name: 'free-volume' });
  });

  it('SS-871: the finalizer is put back when somebody removes it', async () => {
    const namespace = await cluster.namespace('back');
    const name = { namespace, name: 'c' };
    const spec = { storageClassName: namespace };
    await cluster.create(persistentVolumeClaims, claimOf(namespace, 'c', spec));
    const api = cluster.client.resource(persistentVolumeClaims);
    await api.patch(name, { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.eventually(
      async () => (await api.get(name)).metadata.finalizers,
      ['kubernetes.io/pvc-protection'],
    );
  });
});
