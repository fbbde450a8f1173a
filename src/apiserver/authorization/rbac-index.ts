// The role bindings of the store by the subjects they name, kept in step by a watch. Looking up a
// user's bindings costs the same however many others there are.
import type { ClusterRoleBinding, RbacSubject, RoleBinding } from '../../api/generated/types.ts';
import { clusterRoleBindings, roleBindings } from '../../api/resources.ts';
import type { Store, StoredEntry, StoreEvent } from '../../storage/store.ts';
import type { UserInfo } from '../api-request.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { viewOf } from '../registry/stored-view.ts';

export type Binding = RoleBinding | ClusterRoleBinding;

/** A binding that applies to a user, with the first of its subjects that is that user. */
export interface AppliedBinding {
  readonly binding: Binding;
  readonly subject: RbacSubject;
}

export interface RbacIndex {
  /** The bindings of a namespace (empty: the cluster-wide ones) that apply to `user`. */
  bindingsOf(user: UserInfo, namespace: string): AppliedBinding[];
}

/** Subject → key in the store → binding. */
type BySubject = Map<string, Map<string, Binding>>;

/** An index over a store; it reads the store when it is first asked. */
export function createRbacIndex(store: Store): RbacIndex {
  let scopes: Map<string, BySubject> | undefined;

  const load = (): Map<string, BySubject> => {
    const fresh = new Map<string, BySubject>();
    for (const resource of [clusterRoleBindings, roleBindings]) {
      const prefix = collectionPrefix(resource, '');
      const { entries, revision } = store.list(prefix);
      for (const entry of entries) add(fresh, entry);
      store.watch(prefix, revision, {
        events: (events) => events.forEach((event) => apply(fresh, event)),
        // The store has stopped, or the index failed: whoever asks next reads anew.
        end: () => (scopes = undefined),
      });
    }
    return fresh;
  };

  return {
    bindingsOf(user, namespace) {
      const bySubject = (scopes ??= load()).get(namespace);
      if (!bySubject) return [];
      const found = new Map<string, Binding>();
      for (const key of userKeys(user)) {
        for (const [name, binding] of bySubject.get(key) ?? []) found.set(name, binding);
      }
      return applied(found, user);
    },
  };
}

/** The reference has no order; ours is fixed, so that the reason given for a right is too. */
function applied(found: ReadonlyMap<string, Binding>, user: UserInfo): AppliedBinding[] {
  const keys = [...found.keys()].sort().reverse();
  return keys.flatMap((key) => {
    const binding = found.get(key);
    const subject = binding?.subjects?.find((candidate) => isUser(candidate, binding, user));
    return binding && subject ? [{ binding, subject }] : [];
  });
}

function isUser(subject: RbacSubject, binding: Binding, user: UserInfo): boolean {
  const key = subjectKey(subject, binding);
  return key !== undefined && userKeys(user).includes(key);
}

const personKey = (name: string) => `User ${name}`;
const groupKey = (name: string) => `Group ${name}`;

function userKeys({ name, groups }: UserInfo): string[] {
  return [personKey(name), ...groups.map(groupKey)];
}

/** Undefined for subjects that nobody can be. */
function subjectKey(subject: RbacSubject, binding: Binding): string | undefined {
  switch (subject.kind) {
    case 'User':
      return personKey(subject.name);
    case 'Group':
      return groupKey(subject.name);
    case 'ServiceAccount': {
      const namespace = subject.namespace || binding.metadata.namespace;
      return namespace
        ? personKey(`system:serviceaccount:${namespace}:${subject.name}`)
        : undefined;
    }
    default:
      return undefined;
  }
}

function apply(scopes: Map<string, BySubject>, { type, entry, previous }: StoreEvent): void {
  if (previous) remove(scopes, previous);
  if (type === 'put') add(scopes, entry);
}

function subjectKeys(binding: Binding): Set<string> {
  const keys = (binding.subjects ?? []).map((subject) => subjectKey(subject, binding));
  return new Set(keys.filter((key) => key !== undefined));
}

function add(scopes: Map<string, BySubject>, entry: StoredEntry): void {
  const binding = viewOf<Binding>(entry).object;
  const scope = binding.metadata.namespace ?? '';
  const bySubject: BySubject = scopes.get(scope) ?? new Map();
  scopes.set(scope, bySubject);
  for (const subject of subjectKeys(binding)) {
    const bindings = bySubject.get(subject) ?? new Map<string, Binding>();
    bySubject.set(subject, bindings.set(entry.key, binding));
  }
}

function remove(scopes: Map<string, BySubject>, entry: StoredEntry): void {
  const binding = viewOf<Binding>(entry).object;
  const scope = binding.metadata.namespace ?? '';
  const bySubject = scopes.get(scope);
  for (const subject of subjectKeys(binding)) {
    const bindings = bySubject?.get(subject);
    bindings?.delete(entry.key);
    if (bindings?.size === 0) bySubject?.delete(subject);
  }
  if (bySubject?.size === 0) scopes.delete(scope);
}
