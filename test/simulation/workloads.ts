// What users do, each with its name as a switch. What it applies to is picked from what is there.
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import {
  keyOf,
  nameOf,
  namespaceOf,
  uidOf,
  type KubernetesObject,
} from '../../src/api/meta/object.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../src/api/resources.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { Cluster } from './cluster.ts';
import { IMAGES, NAMESPACE, randomPolicy, randomStrategy } from './random-set.ts';
import type { Step } from './scenario.ts';
import { BROKEN_IMAGE } from './simulated-node.ts';

type Workload = (cluster: Cluster, step: Step) => Promise<unknown> | undefined;

export const workloads: Readonly<Record<string, Workload>> = {
  scale: change(({ strength }) => ({ replicas: strength % 6 })),
  'scale-to-zero-and-back': async (cluster, step) => {
    const set = pickSet(cluster, step);
    if (!set) return;
    await cluster.users.patchSet(set, { replicas: 0 });
    await cluster.users.pause(step.durationMs);
    await cluster.users.patchSet(set, { replicas: set.spec?.replicas ?? 1 });
  },
  'update-template': change(({ strength }) => imageIs(IMAGES[strength % IMAGES.length]!)),
  'break-template': change(() => imageIs(BROKEN_IMAGE)),
  'update-and-roll-back': async (cluster, step) => {
    const set = pickSet(cluster, step);
    if (!set) return;
    const image = set.spec?.template.spec?.containers[0]?.image ?? IMAGES[0];
    const next = step.strength < 4 ? BROKEN_IMAGE : IMAGES[step.strength % IMAGES.length]!;
    await cluster.users.patchSet(set, imageIs(next));
    await cluster.users.pause(step.durationMs);
    await cluster.users.patchSet(set, imageIs(image));
  },
  'change-strategy': async (cluster, step) => {
    const set = pickSet(cluster, step);
    const isRecreate = cluster.scenario.recreate && step.strength > 6;
    const strategy = isRecreate ? { type: 'Recreate' } : randomStrategy(seededRandom(step.pick));
    const updateStrategy = { rollingUpdate: null, ...strategy };
    if (set) await cluster.users.patchSet(set, { updateStrategy });
  },
  'change-retention': change((step) => ({
    persistentVolumeClaimRetentionPolicy: randomPolicy(seededRandom(step.pick)),
  })),
  'change-min-ready': change(({ strength }) => ({ minReadySeconds: strength % 5 })),
  'change-start': change(({ strength }) => ({ ordinals: { start: strength % 4 } })),
  'delete-set': async (cluster, step) => {
    const set = pickSet(cluster, step);
    if (!set) return;
    const propagationPolicy = ['Background', 'Foreground', 'Orphan'][step.strength % 3]!;
    await cluster.users.client.resource(statefulSets).delete(nameIn(set), { propagationPolicy });
    await cluster.users.pause(step.durationMs);
    if (step.strength < 8) await cluster.users.createSet(cleaned(set));
  },
  'delete-pod': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    if (pod) await cluster.users.client.resource(pods).delete(nameIn(pod));
  },
  'force-delete-pod': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    if (!pod) return;
    cluster.reality.declareDead(uidOf(pod));
    const preconditions = { uid: uidOf(pod) };
    const options = { gracePeriodSeconds: 0, preconditions };
    await cluster.users.client.resource(pods).delete(nameIn(pod), options);
  },
  'evict-pod': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    if (!pod) return;
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: nameOf(pod), namespace: namespaceOf(pod) },
    };
    const name = { ...nameIn(pod), subresource: 'eviction' };
    await cluster.users.client.resource(pods).createSubresource(name, eviction);
  },
  'relabel-pod': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    if (!pod) return;
    const app = pod.metadata.labels?.['app'] ?? '';
    await cluster.users.patch(pods, pod, { metadata: { labels: { app: 'nobody' } } });
    await cluster.users.pause(step.durationMs);
    if (step.strength < 6) await cluster.users.patch(pods, pod, { metadata: { labels: { app } } });
    else await cluster.users.client.resource(pods).delete(nameIn(pod));
  },
  'orphan-pod': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    if (pod) await cluster.users.patch(pods, pod, { metadata: { ownerReferences: null } });
  },
  'orphan-revision': async (cluster, step) => {
    const revision = pickFrom(cluster.history.objects(controllerRevisions).values(), step);
    if (!revision) return;
    const patch = { metadata: { ownerReferences: null } };
    await cluster.users.patch(controllerRevisions, revision, patch);
  },
  'delete-revision': async (cluster, step) => {
    const revision = pickFrom(cluster.history.objects(controllerRevisions).values(), step);
    if (!revision) return;
    await cluster.users.client.resource(controllerRevisions).delete(nameIn(revision));
  },
  'strip-identity': async (cluster, step) => {
    const pod = pickPod(cluster, step);
    const labels = { 'statefulset.kubernetes.io/pod-name': null };
    if (pod) await cluster.users.patch(pods, pod, { metadata: { labels } });
  },
  'delete-claim': async (cluster, step) => {
    const claim = pickFrom(cluster.history.objects(persistentVolumeClaims).values(), step);
    if (claim) await cluster.users.client.resource(persistentVolumeClaims).delete(nameIn(claim));
  },
  'foreign-claim': async (cluster, step) => {
    const set = pickSet(cluster, step);
    const template = set?.spec?.volumeClaimTemplates?.[0];
    if (!set || !template) return;
    const name = `${nameOf(template)}-${nameOf(set)}-${step.strength % 6}`;
    const owner = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'other',
      uid: cluster.users.configUid,
    };
    const ownerReferences = step.strength < 5 ? [{ ...owner, controller: step.strength < 3 }] : [];
    const metadata = { name, namespace: NAMESPACE, ownerReferences };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
    const api = cluster.users.client.resource(persistentVolumeClaims);
    await api.create({ ...claim, spec: template.spec! });
  },
  'foreign-pod': async (cluster, step) => {
    const set = pickSet(cluster, step);
    if (!set) return;
    const name = `${nameOf(set)}-${step.strength % 6}`;
    const labels = step.strength < 5 ? { app: nameOf(set) } : { app: 'nobody' };
    const metadata = { name, namespace: NAMESPACE, labels };
    const containers = [{ name: 'main', image: IMAGES[0] }];
    const spec = { containers, automountServiceAccountToken: false };
    await cluster.users.client
      .resource(pods)
      .create({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
  },
};

function imageIs(image: string): object {
  return { template: { spec: { containers: [{ name: 'main', image }] } } };
}

/** A strategic patch of the spec of some set. */
function change(patch: (step: Step) => object): Workload {
  return async (cluster, step) => {
    const set = pickSet(cluster, step);
    if (set) await cluster.users.patchSet(set, patch(step));
  };
}

/** The same pick chooses the same object, as long as the same ones are there. */
export function pickFrom<T extends KubernetesObject>(
  objects: Iterable<T>,
  { pick }: Step,
): T | undefined {
  const all = [...objects].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return all[pick % Math.max(all.length, 1)];
}

function pickSet(cluster: Cluster, step: Step): StatefulSet | undefined {
  return pickFrom(cluster.history.objects(statefulSets).values(), step);
}

function pickPod(cluster: Cluster, step: Step): Pod | undefined {
  return pickFrom(cluster.history.objects(pods).values(), step);
}

function nameIn(object: KubernetesObject): { namespace: string; name: string } {
  return { namespace: namespaceOf(object), name: nameOf(object) };
}

/** The set as it can be created again. */
function cleaned({ apiVersion, kind, metadata, spec }: StatefulSet): StatefulSet {
  const { name, namespace } = metadata;
  return { apiVersion, kind, metadata: { name, namespace } as StatefulSet['metadata'], spec };
}
