// Which kinds the expressions of a policy are checked against.
import type {
  NamedRuleWithOperations,
  ValidatingAdmissionPolicySpec,
} from '../../../api/generated/types.ts';
import { compareBytewise } from '../../../api/meta/canonical-json.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';

/** More kinds of one rule are not looked at. */
const TYPES_MAX = 10;

/** The kinds that the rules name without wildcards, by group, version and kind. */
export function typesToCheck(
  { matchConstraints }: ValidatingAdmissionPolicySpec,
  served: readonly ResourceDefinition[],
): ResourceDefinition[] {
  const found = new Map<string, ResourceDefinition>();
  for (const rule of matchConstraints?.resourceRules ?? []) {
    const named = kindsOf(rule, served);
    for (const kind of named) found.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
    if (named.length === TYPES_MAX) break;
  }
  return [...found.values()].toSorted(
    (a, b) =>
      compareBytewise(a.group, b.group) ||
      compareBytewise(a.version, b.version) ||
      compareBytewise(a.kind, b.kind),
  );
}

function kindsOf(
  { apiGroups = [], apiVersions = [], resources = [] }: NamedRuleWithOperations,
  served: readonly ResourceDefinition[],
): ResourceDefinition[] {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return [];
  const plain = resources.filter((name) => !/[*/]/.test(name));
  const kinds: ResourceDefinition[] = [];
  for (const group of apiGroups.toSorted(compareBytewise)) {
    for (const version of apiVersions.toSorted(compareBytewise)) {
      for (const name of plain.toSorted(compareBytewise)) {
        kinds.push(...served.filter((kind) => isNamed(kind, { group, version, name })));
      }
    }
  }
  return kinds.slice(0, TYPES_MAX);
}

/** The core group has no name, so that clients of discovery take it for any group. */
function isNamed(
  kind: ResourceDefinition,
  { group, version, name }: { group: string; version: string; name: string },
): boolean {
  const wanted = name.toLowerCase();
  return (
    (group === '' || kind.group === group) &&
    kind.version === version &&
    (kind.resource === wanted || kind.singular === wanted)
  );
}
