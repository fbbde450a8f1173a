// The pods of the store by the node they are on, kept in step by a watch. Nothing is read or
// watched before a node's agent asks for something that depends on it.
import type { Pod } from '../../api/generated/types.ts';
import { pods } from '../../api/resources.ts';
import type { Store, StoredEntry } from '../../storage/store.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { viewOf } from '../registry/stored-view.ts';

/** The pods on a node, mirror pods too. */
export type PodsOnNode = (node: string) => Iterable<Pod>;

/** An index over a store; it reads the store when it is first asked. */
export function createNodePods(store: Store): PodsOnNode {
  let index: Map<string, Map<string, Pod>> | undefined;

  const load = () => {
    const fresh = new Map<string, Map<string, Pod>>();
    const prefix = collectionPrefix(pods, '');
    const { entries, revision } = store.list(prefix);
    for (const entry of entries) put(fresh, entry);
    store.watch(prefix, revision, {
      events(events) {
        for (const { type, entry, previous } of events) {
          if (previous) remove(fresh, previous);
          if (type === 'put') put(fresh, entry);
        }
      },
      // The store has stopped, or the index failed: whoever asks next reads anew.
      end: () => (index = undefined),
    });
    return fresh;
  };

  return (node) => (index ??= load()).get(node)?.values() ?? [];
}

const nodeOf = ({ spec }: Pod) => spec?.nodeName ?? '';

function put(index: Map<string, Map<string, Pod>>, entry: StoredEntry): void {
  const pod = viewOf<Pod>(entry).object;
  const node = nodeOf(pod);
  if (node === '') return;
  const onNode = index.get(node) ?? new Map<string, Pod>();
  index.set(node, onNode.set(entry.key, pod));
}

function remove(index: Map<string, Map<string, Pod>>, entry: StoredEntry): void {
  const node = nodeOf(viewOf<Pod>(entry).object);
  const onNode = index.get(node);
  onNode?.delete(entry.key);
  if (onNode?.size === 0) index.delete(node);
}
