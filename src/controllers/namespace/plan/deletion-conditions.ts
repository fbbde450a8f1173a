// What a namespace that is being deleted tells of its contents, in the words of the Kubernetes
// namespace controller.
import type { NamespaceCondition } from '../../../api/generated/types.ts';

export interface RemainingContent {
  /** `pods.`, `statefulsets.apps` with the number of objects that are left. */
  readonly counts: ReadonlyMap<string, number>;
  /** Finalizers on what is left, with the number of objects. */
  readonly finalizers: ReadonlyMap<string, number>;
  /** What went wrong, one sentence each. */
  readonly failures: readonly string[];
}

type Verdict = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>;

const list = (entries: ReadonlyMap<string, number>, verb: string) =>
  [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${verb} ${count} resource instances`)
    .join(', ');

function failure({ failures }: RemainingContent): Verdict {
  const type = 'NamespaceDeletionContentFailure';
  if (failures.length === 0) {
    const message = 'All content successfully deleted, may be waiting on finalization';
    return { type, status: 'False', reason: 'ContentDeleted', message };
  }
  const message =
    `Failed to delete all resource types, ${failures.length} remaining: ` + failures.join(', ');
  return { type, status: 'True', reason: 'ContentDeletionFailed', message };
}

function remaining({ counts }: RemainingContent): Verdict {
  const type = 'NamespaceContentRemaining';
  if (counts.size === 0) {
    const message = 'All content successfully removed';
    return { type, status: 'False', reason: 'ContentRemoved', message };
  }
  const message = `Some resources are remaining: ${list(counts, 'has')}`;
  return { type, status: 'True', reason: 'SomeResourcesRemain', message };
}

function finalizersRemaining({ finalizers }: RemainingContent): Verdict {
  const type = 'NamespaceFinalizersRemaining';
  if (finalizers.size === 0) {
    const message = 'All content-preserving finalizers finished';
    return { type, status: 'False', reason: 'ContentHasNoFinalizers', message };
  }
  const message =
    'Some content in the namespace has finalizers remaining: ' + list(finalizers, 'in');
  return { type, status: 'True', reason: 'SomeFinalizersRemain', message };
}

/** The five conditions of a namespace in deletion, without their times. */
export function deletionConditions(content: RemainingContent): Verdict[] {
  return [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failure(content),
    remaining(content),
    finalizersRemaining(content),
  ];
}
