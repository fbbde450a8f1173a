// A claim that a scheduled pod names is not removed before that pod is gone (SS-871).
import type { PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import {
  isTerminating,
  keyOf,
  nameOf,
  namespaceOf,
  splitKey,
  uidOf,
} from '../../api/meta/object.ts';
import { persistentVolumeClaims, pods } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { hasFinalizer, writeFinalizer } from './protection-finalizer.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';
const BY_CLAIM = 'protected-claim';

/** Keys of the claims that a pod names, generic ephemeral ones included. */
function claimKeys(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral && `${nameOf(pod)}-${name}`);
    return claim ? [`${namespaceOf(pod)}/${claim}`] : [];
  });
}

/** The kubelet has ended it, or somebody has said so by force. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

/**
 * True while a scheduled pod holds a claim that it names. A pod that is shut down does not hold a
 * claim of its own: deleted in the foreground it waits for the claim in its turn. The reference
 * makes this exception for ephemeral volumes, and for good leaves claims alone that a StatefulSet
 * has given to a condemned pod (SS-253) when the set is deleted in the foreground (SS-608).
 */
function holds(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec?.nodeName ?? '') === '') return false;
  const isOwner = claim.metadata.ownerReferences?.some(({ uid }) => uid === uidOf(pod)) ?? false;
  return !(isOwner && isShutDown(pod));
}

export function createClaimProtectionController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const claimInformer = informers.informer(persistentVolumeClaims);
  const podInformer = informers.informer(pods);
  podInformer.addIndex(BY_CLAIM, claimKeys);
  const api = client.resource(persistentVolumeClaims);

  /** In the cache first, then live: the cache may not show a pod that was just scheduled. */
  const isInUse = async (claim: PersistentVolumeClaim): Promise<boolean> => {
    const key = keyOf(claim);
    if (podInformer.lister.byIndex(BY_CLAIM, key).some((pod) => holds(pod, claim))) return true;
    const live = await client.resource(pods).list({ namespace: namespaceOf(claim) });
    return live.items.some((pod) => claimKeys(pod).includes(key) && holds(pod, claim));
  };

  const controller = createController({
    name: 'persistentvolumeclaim-protection',
    informers: [claimInformer, podInformer],
    clock,
    logger,
    async reconcile(key) {
      const claim = claimInformer.lister.get(splitKey(key));
      if (!claim) return;
      const isProtected = hasFinalizer(claim, FINALIZER);
      if (isTerminating(claim) && isProtected && !(await isInUse(claim))) {
        await writeFinalizer(api, claim, { finalizer: FINALIZER, present: false });
      } else if (!isTerminating(claim) && !isProtected) {
        await writeFinalizer(api, claim, { finalizer: FINALIZER, present: true });
      }
    },
  });
  const enqueueClaims = (pod: Pod) => claimKeys(pod).forEach((key) => controller.enqueue(key));
  const unsubscribe = [
    claimInformer.addEventHandler({
      add: (claim) => controller.enqueue(keyOf(claim)),
      update: (_previous, claim) => controller.enqueue(keyOf(claim)),
    }),
    podInformer.addEventHandler({
      update: (previous, pod) => {
        if (isShutDown(pod) && !isShutDown(previous)) enqueueClaims(pod);
      },
      delete: enqueueClaims,
    }),
  ];
  return {
    start: () => controller.start(),
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
    },
  };
}
