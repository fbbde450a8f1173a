// Brings the default roles and bindings into the store at every start. It writes to the store
// itself: the objects are known to be good, and a start can't wait for all checks of so many.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  type ResourceDefinition,
} from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { formatTime } from '../../base/time.ts';
import type { Store } from '../../storage/store.ts';
import { changeObject, createObject, getObject, type Target } from '../registry/object-store.ts';
import { defaultPolicy } from './default-policy.ts';
import { reconciledBinding, reconciledRole } from './reconcile-policy.ts';

export interface PolicyOptions {
  /** Started. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** The stored object with what it lacks, or undefined when it lacks nothing. */
type Improve<T> = (stored: T, expected: T) => T | undefined;

/** Adds what the store lacks of the default roles and bindings (API-1105). */
export async function bootstrapPolicy(options: PolicyOptions): Promise<void> {
  const policy = defaultPolicy();
  const ensureAll = <T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    objects: readonly T[],
    improve: Improve<T>,
  ) => objects.map((object) => ensure(options, { resource, object, improve }));
  // At once: one group of writes costs one write to the disk.
  await Promise.all([
    ...ensureAll(clusterRoles, policy.clusterRoles, reconciledRole),
    ...ensureAll(roles, policy.roles, reconciledRole),
    ...ensureAll(clusterRoleBindings, policy.clusterRoleBindings, reconciledBinding),
    ...ensureAll(roleBindings, policy.roleBindings, reconciledBinding),
  ]);
}

async function ensure<T extends KubernetesObject>(
  { store, clock, random }: PolicyOptions,
  {
    resource,
    object,
    improve,
  }: { resource: ResourceDefinition<T>; object: T; improve: Improve<T> },
): Promise<void> {
  const { name = '', namespace = '' } = object.metadata;
  const target: Target = { resource, namespace, name };
  const stored = getObject<T>(store, target);
  if (!stored) {
    const creationTimestamp = formatTime(clock.now());
    const metadata = { ...object.metadata, uid: random.uuid(), creationTimestamp };
    await createObject(store, target, { object: { ...object, metadata }, dryRun: false });
    return;
  }
  if (!improve(stored.object, object)) return;
  const decide = (current: KubernetesObject) => {
    const better = improve(current as T, object);
    return better ? { action: 'put' as const, object: better } : { action: 'keep' as const };
  };
  await changeObject(store, target, { decide, dryRun: false }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error; // deleted meanwhile: so be it
  });
}
