import { beforeEach, describe, expect, it } from 'vitest';
import type { Node, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

const container = { name: 'c', image: 'reg.example/app:1' };

function pod(spec: object): Promise<Pod> {
  const full = { containers: [container], ...spec };
  return api.ok<Pod>(`POST ${PODS}`, { metadata: { name: 'p' }, spec: full });
}

function refused(spec: object) {
  return api.fails(`POST ${PODS}`, {
    metadata: { name: 'p' },
    spec: { containers: [container], ...spec },
  });
}

function storageClass(name: string, extra: object = {}) {
  return api.ok(`POST ${CLASSES}`, {
    metadata: { name },
    provisioner: 'example.com/disk',
    ...extra,
  });
}

function claim(name: string, spec: object = {}): Promise<PersistentVolumeClaim> {
  return api.ok<PersistentVolumeClaim>(`POST ${CLAIMS}`, {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
}

describe('service accounts', () => {
  it('API-1108: a pod gets the default account and its token volume', async () => {
    const { spec } = await pod({});
    expect(spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
    const [volume] = spec?.volumes ?? [];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected?.sources?.map((source) => Object.keys(source)[0])).toEqual([
      'serviceAccountToken',
      'configMap',
      'downwardAPI',
    ]);
    expect(spec?.containers[0]?.volumeMounts).toEqual([
      {
        name: volume?.name,
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
    ]);
  });

  it('leaves out who mounts something there or wants no token', async () => {
    const own = { name: 'e', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const { spec } = await pod({
      volumes: [{ name: 'e', emptyDir: {} }],
      containers: [{ ...container, volumeMounts: [own] }],
    });
    expect(spec?.volumes).toHaveLength(1);
    await api.ok(`DELETE ${PODS}/p`);
    const plain = await pod({ automountServiceAccountToken: false });
    expect(plain.spec?.volumes).toBeUndefined();
  });

  it('takes pull secrets from the account, and refuses a missing account', async () => {
    await api.ok('POST /api/v1/namespaces/default/serviceaccounts', {
      metadata: { name: 'robot' },
      imagePullSecrets: [{ name: 's' }],
    });
    const { spec } = await pod({ serviceAccountName: 'robot' });
    expect(spec?.imagePullSecrets).toEqual([{ name: 's' }]);
    expect((await refused({ serviceAccountName: 'ghost' })).message).toBe(
      'pods "p" is forbidden: error looking up service account default/ghost: ' +
        'serviceaccount "ghost" not found',
    );
  });
});

describe('pods', () => {
  it('SS-942: get the tolerations they lack, also when an update drops them', async () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
    const { spec } = await pod({ tolerations: [own] });
    expect(spec?.tolerations).toEqual([
      own,
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
    ]);
  });

  it('get priority 0; classes that do not exist are refused', async () => {
    const { spec } = await pod({});
    expect(spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect((await refused({ priorityClassName: 'ghost' })).message).toBe(
      'pods "p" is forbidden: no PriorityClass with name ghost was found',
    );
    expect((await refused({ runtimeClassName: 'ghost' })).message).toBe(
      'pods "p" is forbidden: pod rejected: RuntimeClass "ghost" not found',
    );
  });
});

describe('storage', () => {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };

  it('SS-866: a claim without class gets the newest default one', async () => {
    await storageClass('a', { metadata: { name: 'a', annotations } });
    api.clock.advance(1_000);
    await storageClass('b', { metadata: { name: 'b', annotations } });
    await storageClass('c');
    expect((await claim('x')).spec?.storageClassName).toBe('b');
    expect((await claim('y', { storageClassName: '' })).spec?.storageClassName).toBe('');
  });

  it('SS-866: of default classes of the same age the first by name', async () => {
    await storageClass('b', { metadata: { name: 'b', annotations } });
    await storageClass('a', { metadata: { name: 'a', annotations } });
    expect((await claim('x')).spec?.storageClassName).toBe('a');
  });

  it('SS-871, SS-872: claims and volumes are born protected', async () => {
    expect((await claim('x')).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const volume = await api.ok('POST /api/v1/persistentvolumes', {
      metadata: { name: 'pv' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/data' },
      },
    });
    expect(volume.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
  });

  it('SS-874: a bound claim grows only if its class allows it', async () => {
    await storageClass('fixed');
    await storageClass('elastic', { allowVolumeExpansion: true });
    const grow = { spec: { resources: { requests: { storage: '2Gi' } } } };
    const bound = { status: { phase: 'Bound', capacity: { storage: '1Gi' } } };
    for (const name of ['fixed', 'elastic']) {
      await claim(name, { storageClassName: name });
      await api.ok(`PATCH ${CLAIMS}/${name}/status`, bound);
    }
    expect((await api.fails(`PATCH ${CLAIMS}/fixed`, grow)).message).toBe(
      'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc ' +
        'can be resized and the storageclass that provisions the pvc must support resize',
    );
    const grown = await api.ok<PersistentVolumeClaim>(`PATCH ${CLAIMS}/elastic`, grow);
    expect(grown.spec?.resources?.requests).toEqual({ storage: '2Gi' });
  });
});

describe('ingress classes', () => {
  it('API-931: an ingress without class gets the default one', async () => {
    const group = '/apis/networking.k8s.io/v1';
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    for (const metadata of [{ name: 'other' }, { name: 'usual', annotations }]) {
      await api.ok(`POST ${group}/ingressclasses`, { metadata, spec: { controller: 'a.b/c' } });
    }
    const backend = { service: { name: 's', port: { number: 1 } } };
    const ingress = await api.ok(`POST ${group}/namespaces/default/ingresses`, {
      metadata: { name: 'i' },
      spec: { defaultBackend: backend },
    });
    expect(ingress).toMatchObject({ spec: { ingressClassName: 'usual' } });
  });
});

describe('new nodes', () => {
  const node = (spec: object) =>
    api.ok<Node>('POST /api/v1/nodes', { metadata: { name: 'n' }, spec });

  it('API-931: are tainted until somebody has seen that they are ready', async () => {
    const other = { key: 'a', effect: 'NoSchedule' };
    const { spec } = await node({ taints: [other] });
    const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    expect(spec?.taints).toEqual([other, notReady]);
    const path = '/api/v1/nodes/n';
    const patched = await api.ok<Node>(`PATCH ${path}`, { spec: { taints: null } });
    expect(patched.spec?.taints).toBeUndefined();
  });

  it('API-931: that bring the taint have it once', async () => {
    const own = { key: 'node.kubernetes.io/not-ready', value: 'x', effect: 'NoSchedule' };
    expect((await node({ taints: [own] })).spec?.taints).toEqual([own]);
  });
});
