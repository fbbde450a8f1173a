// Builds the pod of an ordinal from the set as it was at a revision.
import type { ControllerRevision, Pod, StatefulSet } from '../../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../../api/meta/object.ts';
import { volumesWithClaims } from './claims.ts';
import {
  REVISION_LABEL,
  identityLabels,
  ordinalStart,
  podNameOf,
  setReference,
} from './identity.ts';
import { templateAtRevision } from './revisions.ts';

/** SS-421 … SS-424: which revision a pod created now is built from. */
export function revisionForNewPod(
  set: StatefulSet,
  ordinal: number,
  { current, update }: { current: ControllerRevision; update: ControllerRevision },
): ControllerRevision {
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type !== 'RollingUpdate') return update;
  const slotsAtCurrent = strategy.rollingUpdate
    ? (strategy.rollingUpdate.partition ?? 0)
    : (set.status?.currentReplicas ?? 0);
  return ordinal < ordinalStart(set) + slotsAtCurrent ? current : update;
}

const NAME_PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*-?$/;

/** SS-110. */
function generateNameOf(set: StatefulSet): string {
  const prefix = `${nameOf(set)}-`;
  return prefix.length <= 253 && NAME_PREFIX.test(prefix) ? prefix : nameOf(set);
}

/**
 * The pod to create: template, identity, claim volumes and owner (SS-101 … SS-112, SS-205). It
 * shares the frozen parts of the template.
 */
export function buildPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const name = podNameOf(set, ordinal);
  const template = templateAtRevision(set, revision);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const metadata: Pod['metadata'] = {
    name,
    generateName: generateNameOf(set),
    namespace: namespaceOf(set),
    labels: { ...labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: nameOf(revision) },
    ownerReferences: [setReference(set)],
  };
  if (annotations) metadata.annotations = annotations;
  if (finalizers) metadata.finalizers = finalizers;

  const spec: NonNullable<Pod['spec']> = { containers: [], ...template.spec, hostname: name };
  const subdomain = set.spec?.serviceName ?? '';
  if (subdomain !== '') spec.subdomain = subdomain;
  else if (spec.subdomain !== undefined) delete spec.subdomain;
  const volumes = volumesWithClaims(set, ordinal, spec.volumes ?? []);
  if (volumes.length > 0) spec.volumes = volumes;
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}
