// Old names of node labels follow the new ones.
import type { Node } from '../../../api/generated/types.ts';

/** New name, which is right, and the old name. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** Labels to set, or undefined when all is well. */
export function planLabels({ metadata }: Node): Readonly<Record<string, string>> | undefined {
  const { labels = {} } = metadata;
  const changes = RENAMED.flatMap(([name, oldName]): [string, string][] => {
    const value = labels[name];
    return value === undefined || labels[oldName] === value ? [] : [[oldName, value]];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}
