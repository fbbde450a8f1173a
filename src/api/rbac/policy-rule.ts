// What a policy rule of RBAC allows, and whether some rules grant all that others do (API-1105).
// Pure: the authorizer, the check against escalation and the aggregation of roles share it.
import type { PolicyRule } from '../generated/types.ts';
import { compareBytewise } from '../meta/canonical-json.ts';
import { goQuote } from '../meta/go-quote.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** A request for a resource, as rules see it. */
export interface ResourceAction {
  readonly verb: string;
  /** The empty string for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

const ALL = '*';
const has = (list: readonly string[] | undefined, item: string) => list?.includes(item) === true;
const hasOrAll = (list: readonly string[] | undefined, item: string) =>
  has(list, ALL) || has(list, item);

/** True when the rule allows the request for a resource. */
export function allowsAction(rule: PolicyRule, action: ResourceAction): boolean {
  const { verb, group, resource, subresource, name } = action;
  const names = rule.resourceNames ?? [];
  return (
    hasOrAll(rule.verbs, verb) &&
    hasOrAll(rule.apiGroups, group) &&
    namesResource(rule.resources, { resource, subresource }) &&
    (names.length === 0 || names.includes(name))
  );
}

function namesResource(
  resources: readonly string[] | undefined,
  { resource, subresource }: { resource: string; subresource: string },
): boolean {
  if (subresource === '') return hasOrAll(resources, resource);
  return hasOrAll(resources, `${resource}/${subresource}`) || has(resources, `*/${subresource}`);
}

/** True when the rule allows the verb on a path that is no resource's. */
export function allowsPath(rule: PolicyRule, verb: string, path: string): boolean {
  return (
    hasOrAll(rule.verbs, verb) && (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, path))
  );
}

function urlCovers(url: string, path: string): boolean {
  return url === path || (url.endsWith(ALL) && path.startsWith(url.replace(/\*+$/, '')));
}

/** The parts of `wanted`, one verb and one resource each, that no rule of `held` covers. */
export function uncoveredRules(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function atoms(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const names = rule.resourceNames ?? [];
  const ofResources = apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb): PolicyRule[] => {
        const atom = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (names.length === 0) return [atom];
        return names.map((name) => ({ ...atom, resourceNames: [name] }));
      }),
    ),
  );
  const ofPaths = nonResourceURLs.flatMap((url) =>
    verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...ofResources, ...ofPaths];
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  const names = rule.resourceNames ?? [];
  const all = (list: readonly string[] | undefined, test: (item: string) => boolean) =>
    (list ?? []).every(test);
  return (
    all(atom.verbs, (verb) => hasOrAll(rule.verbs, verb)) &&
    all(atom.apiGroups, (group) => hasOrAll(rule.apiGroups, group)) &&
    all(atom.resources, (resource) => coversResource(rule.resources, resource)) &&
    all(atom.nonResourceURLs, (url) =>
      (rule.nonResourceURLs ?? []).some((held) => urlCovers(held, url)),
    ) &&
    (names.length === 0 ||
      (atom.resourceNames !== undefined && all(atom.resourceNames, (name) => has(names, name))))
  );
}

function coversResource(resources: readonly string[] | undefined, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  return hasOrAll(resources, wanted) || (slash >= 0 && has(resources, `*${wanted.slice(slash)}`));
}

/** Rules as the text of a refused escalation shows them: sorted, verbs of a resource together. */
export function describeRules(rules: readonly PolicyRule[]): string[] {
  return [...new Set(compactRules(rules).map(describeRule))].sort(compareBytewise);
}

function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const paths = rules.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined);
  const byResource = new Map<string, PolicyRule>();
  for (const rule of rules) {
    if (rule.nonResourceURLs !== undefined) continue;
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const verbs = byResource.get(key)?.verbs ?? [];
    byResource.set(key, { ...rule, verbs: [...verbs, ...rule.verbs] });
  }
  return [...paths, ...byResource.values()];
}

function describeRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts.flatMap(([label, list]) =>
    list === undefined || list.length === 0 ? [] : [`${label}:${quotedList(list)}`],
  );
  return `{${shown.join(', ')}}`;
}

/** A list of texts as Go's `%q` prints it: `["a" "b"]`. */
export function quotedList(list: readonly string[]): string {
  return `[${list.map(goQuote).join(' ')}]`;
}
