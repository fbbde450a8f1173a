// Deletes everything in a namespace and counts what is left (SS-612). Pods go first: what they need
// to end in good order must not vanish before them.
import type { Namespace, Pod } from '../../api/generated/types.ts';
import { nameOf, type KubernetesObject } from '../../api/meta/object.ts';
import { isEstablished, namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import { builtinResources, pods, type ResourceDefinition } from '../../api/resources.ts';
import { errorMessage } from '../../base/errors.ts';
import { parseTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { RemainingContent } from './plan/deletion-conditions.ts';

interface Left {
  readonly counts: Map<string, number>;
  readonly finalizers: Map<string, number>;
  readonly failures: string[];
}

function qualifiedName({ resource, group }: ResourceDefinition): string {
  return `${resource}.${group}`;
}

/** Milliseconds that the slowest pod may still take to end gracefully. */
function graceMs(namespace: Namespace, items: readonly KubernetesObject[], nowMs: number): number {
  const deletedMs = parseTime(namespace.metadata.deletionTimestamp) ?? nowMs;
  const seconds = (items as Pod[]).map(({ status, spec }) => {
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return ended ? 0 : (spec?.terminationGracePeriodSeconds ?? 0);
  });
  return Math.max(0, ...seconds.map((grace) => deletedMs + grace * 1000 - nowMs));
}

async function deleteOf(
  client: Client,
  resource: ResourceDefinition,
  { namespace, nowMs, left }: { namespace: Namespace; nowMs: number; left: Left },
): Promise<void> {
  const api = client.resource(resource);
  const selection = { namespace: nameOf(namespace) };
  const before = await api.list(selection);
  if (before.items.length === 0) return;
  if (before.items.some(({ metadata }) => metadata.deletionTimestamp === undefined)) {
    await api.deleteCollection(selection, { propagationPolicy: 'Background' });
  }
  const { items } = await api.list(selection);
  if (items.length === 0) return;
  const finalizers = items.flatMap(({ metadata }) => metadata.finalizers ?? []);
  const waitsForGrace = resource.resource === pods.resource && graceMs(namespace, items, nowMs) > 0;
  if (finalizers.length === 0 && !waitsForGrace) {
    const where = `${resource.group}/${resource.version}, Resource=${resource.resource}`;
    left.failures.push(
      `unexpected items still remain in namespace: ${nameOf(namespace)} for gvr: ${where}`,
    );
    return;
  }
  left.counts.set(qualifiedName(resource), items.length);
  for (const finalizer of finalizers) {
    left.finalizers.set(finalizer, (left.finalizers.get(finalizer) ?? 0) + 1);
  }
}

/** Asked live: what was defined a moment ago may have objects here, too. */
async function customResources(client: Client): Promise<ResourceDefinition[]> {
  const { items } = await client.resource(customResourceDefinitions).list();
  return items
    .filter(isEstablished)
    .flatMap((definition) => namesOfDefinition(definition).slice(0, 1));
}

/** One pass over all kinds; nothing left in the result means that the namespace is empty. */
export async function deleteContent(
  client: Client,
  namespace: Namespace,
  nowMs: number,
): Promise<RemainingContent> {
  const left: Left = { counts: new Map(), finalizers: new Map(), failures: [] };
  const attempt = async (resource: ResourceDefinition) => {
    try {
      await deleteOf(client, resource, { namespace, nowMs, left });
    } catch (error) {
      left.failures.push(errorMessage(error));
    }
  };
  await attempt(pods);
  if (left.counts.size > 0 || left.failures.length > 0) return left;
  const others = [...builtinResources, ...(await customResources(client))].filter(
    ({ namespaced, resource, verbs }) =>
      namespaced && resource !== pods.resource && verbs.includes('delete'),
  );
  await Promise.all(others.map(attempt));
  return left;
}

/** True when nothing of the namespace is left. */
export function isEmpty({ counts, failures }: RemainingContent): boolean {
  return counts.size === 0 && failures.length === 0;
}
