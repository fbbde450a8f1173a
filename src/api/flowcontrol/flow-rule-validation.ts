// Which requests the rules of a flow schema are about.
import type {
  FlowSchemaSubject,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsLabel, dnsSubdomain, isBlank } from '../core/field-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { validateDns1123Label } from '../meta/names.ts';

const ALL = '*';
const VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'proxy',
  'update',
  'watch',
];
/** What a subject of a kind has, and what others have. */
const PARTS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
/** The order in which parts that do not belong are reported. */
const FOREIGN = ['ServiceAccount', 'User', 'Group'] as const;

/** One of `spec.rules`. */
export function* validateFlowRule(rule: Partial<PolicyRulesWithSubjects>, path: FieldPath): Causes {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  const subjectsPath = path.child('subjects');
  if (subjects.length === 0) {
    yield required(subjectsPath, 'subjects must contain at least one value');
  }
  for (const [index, subject] of subjects.entries()) {
    yield* validateSubject(subject, subjectsPath.index(index));
  }
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    const message = 'at least one of resourceRules and nonResourceRules has to be non-empty';
    yield required(path, message);
  }
  for (const [index, own] of resourceRules.entries()) {
    yield* validateResourceRule(own, path.child('resourceRules').index(index));
  }
  for (const [index, own] of nonResourceRules.entries()) {
    yield* validatePathRule(own, path.child('nonResourceRules').index(index));
  }
}

function* validateSubject(subject: FlowSchemaSubject, path: FieldPath): Causes {
  const kind = FOREIGN.find((known) => known === subject.kind);
  if (kind === undefined) {
    yield notSupported(path.child('kind'), subject.kind, ['Group', 'ServiceAccount', 'User']);
    return;
  }
  const part = PARTS[kind];
  const own = subject[part];
  const ownPath = path.child(part);
  if (own === undefined)
    yield required(ownPath, `${part} is required when subject kind is '${kind}'`);
  else if (kind === 'ServiceAccount') yield* validateAccount(own, ownPath);
  else if (isBlank(own.name)) yield required(ownPath.child('name'));
  for (const other of FOREIGN) {
    const foreign = PARTS[other];
    if (other === kind || subject[foreign] === undefined) continue;
    const message = `${foreign} is forbidden when subject kind is not '${other}'`;
    yield forbidden(path.child(foreign), message);
  }
}

function* validateAccount(
  { name, namespace }: Partial<ServiceAccountSubject>,
  path: FieldPath,
): Causes {
  if (isBlank(name)) yield required(path.child('name'));
  else if (name !== ALL) yield* dnsSubdomain(name, path.child('name'));
  const namespacePath = path.child('namespace');
  if (isBlank(namespace))
    yield required(namespacePath, 'must specify namespace for service account');
  else yield* dnsLabel(namespace, namespacePath);
}

function* validateVerbs(verbs: readonly string[], path: FieldPath): Causes {
  if (verbs.length === 0) yield required(path, 'verbs must contain at least one value');
  else if (verbs.includes(ALL)) yield* validateAlone(verbs, path, 'verbs');
  else if (!verbs.every((verb) => VERBS.includes(verb))) yield notSupported(path, verbs, VERBS);
}

/** The star stands alone. */
function* validateAlone(list: readonly string[], path: FieldPath, what: string): Causes {
  if (list.length < 2 || !list.includes(ALL)) return;
  yield invalidValue(path, list, `if '*' is present, must not specify other ${what}`);
}

function* validateResourceRule(rule: Partial<ResourcePolicyRule>, path: FieldPath): Causes {
  const { verbs = [], apiGroups = [], resources = [], namespaces = [] } = rule;
  yield* validateVerbs(verbs, path.child('verbs'));
  const groupsPath = path.child('apiGroups');
  const resourcesPath = path.child('resources');
  if (apiGroups.length === 0) {
    yield required(groupsPath, 'resource rules must supply at least one api group');
  } else yield* validateAlone(apiGroups, groupsPath, 'api groups');
  if (resources.length === 0) {
    yield required(resourcesPath, 'resource rules must supply at least one resource');
  } else yield* validateAlone(resources, resourcesPath, 'resources');
  const namespacesPath = path.child('namespaces');
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    const message = 'resource rules that are not cluster scoped must supply at least one namespace';
    yield required(namespacesPath, message);
  } else if (namespaces.includes(ALL))
    yield* validateAlone(namespaces, namespacesPath, 'namespaces');
  else yield* validateNamespaces(namespaces, namespacesPath);
}

function* validateNamespaces(namespaces: readonly string[], path: FieldPath): Causes {
  for (const [index, name] of namespaces.entries()) {
    for (const message of validateDns1123Label(name)) {
      const intro = "each member of this list must be '*' or a DNS-1123 label; ";
      yield invalidValue(path.index(index), name, `${intro}${message}`);
    }
  }
}

function* validatePathRule(rule: Partial<NonResourcePolicyRule>, path: FieldPath): Causes {
  const { verbs = [], nonResourceURLs: urls = [] } = rule;
  yield* validateVerbs(verbs, path.child('verbs'));
  const urlsPath = path.child('nonResourceURLs');
  if (urls.length === 0) {
    yield required(urlsPath, 'nonResourceURLs must contain at least one value');
  } else if (urls.includes(ALL)) yield* validateAlone(urls, urlsPath, 'non-resource URLs');
  else {
    for (const [index, url] of urls.entries()) {
      const fault = urlFault(url);
      if (fault !== undefined) yield invalidValue(urlsPath.index(index), url, fault);
    }
  }
}

function urlFault(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split(ALL).length - 1;
  if (stars > 1 || (stars === 1 && !url.endsWith('/*')))
    return 'wildcard can only do suffix matching';
  return undefined;
}
