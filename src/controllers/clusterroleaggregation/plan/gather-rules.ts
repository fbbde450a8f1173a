// The rules of a cluster role that gathers those of others by their labels.
import type { ClusterRole, PolicyRule } from '../../../api/generated/types.ts';
import { compareBytewise } from '../../../api/meta/canonical-json.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import { matches, selectorFromObject } from '../../../api/meta/labels.ts';
import { nameOf } from '../../../api/meta/object.ts';

/** The gathered rules, each once; undefined when the role gathers none or has them already. */
export function gatherRules(
  role: ClusterRole,
  all: readonly ClusterRole[],
): PolicyRule[] | undefined {
  if (!role.aggregationRule) return undefined;
  const others = all
    .filter((other) => nameOf(other) !== nameOf(role))
    .toSorted((a, b) => compareBytewise(nameOf(a), nameOf(b)));
  const rules: PolicyRule[] = [];
  for (const labelSelector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const selector = selectorFromObject(labelSelector);
    const chosen = others.filter(({ metadata }) => matches(selector, metadata.labels));
    for (const rule of chosen.flatMap((other) => other.rules ?? [])) {
      if (!rules.some((known) => semanticEqual(known, rule))) rules.push(rule);
    }
  }
  return semanticEqual(rules, role.rules ?? []) ? undefined : rules;
}
