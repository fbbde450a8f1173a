// Which requests are logged for an audit, and how much of them: a Policy of audit.k8s.io/v1. The
// first rule that fits decides; what no rule fits is not logged.
import { OrdinalError } from '../base/errors.ts';
import type { Attributes } from './authorization/attributes.ts';
import type { UserInfo } from './api-request.ts';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof LEVELS)[number];
const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof STAGES)[number];

/** How one request is logged. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/** Decides about a request; the user is absent when nobody could be authenticated. */
export type AuditPolicy = (
  user: UserInfo | undefined,
  attributes: Attributes | undefined,
) => AuditDecision;

interface ResourceRule {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Rule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly ResourceRule[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

interface PolicyFile {
  readonly rules: readonly Rule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

const NOT_LOGGED: AuditDecision = {
  level: 'None',
  omitStages: new Set(STAGES),
  omitManagedFields: false,
};

/** Everything at level Metadata, once, at its end: for logs without a policy. */
export const plainPolicy: AuditPolicy = () => METADATA;

const METADATA: AuditDecision = {
  level: 'Metadata',
  omitStages: new Set(['RequestReceived', 'ResponseStarted']),
  omitManagedFields: false,
};

/** A policy from the value of its file. Throws OrdinalError `ORD_AUDIT_POLICY`. */
export function readAuditPolicy(value: unknown): AuditPolicy {
  const { rules, omitStages = [], omitManagedFields = false } = checkedFile(value);
  const decisions = rules.map((rule): [Rule, AuditDecision] => [
    rule,
    {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  ]);
  return (user, attributes) =>
    decisions.find(([rule]) => fits(rule, user, attributes))?.[1] ?? NOT_LOGGED;
}

function fits(rule: Rule, user: UserInfo | undefined, attributes: Attributes | undefined): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [] } = rule;
  if (users.length > 0 && !users.includes(user?.name ?? '')) return false;
  if (userGroups.length > 0 && !userGroups.some((group) => user?.groups.includes(group))) {
    return false;
  }
  if (verbs.length > 0 && !verbs.includes(attributes?.verb ?? '')) return false;
  if (namespaces.length > 0 || resources.length > 0) return fitsResource(rule, attributes);
  const { nonResourceURLs: urls = [] } = rule;
  if (urls.length === 0) return true;
  return attributes !== undefined && 'path' in attributes && coversPath(urls, attributes.path);
}

function coversPath(urls: readonly string[], path: string): boolean {
  return urls.some(
    (url) => url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))),
  );
}

function fitsResource(
  { namespaces = [], resources = [] }: Rule,
  attributes: Attributes | undefined,
): boolean {
  if (!attributes || 'path' in attributes) return false;
  const { group, resource, subresource, namespace, name } = attributes;
  if (namespaces.length > 0 && !namespaces.includes(namespace)) return false;
  if (resources.length === 0) return true;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some((rule) => {
    if ((rule.group ?? '') !== group) return false;
    const names = rule.resourceNames ?? [];
    const kinds = rule.resources ?? [];
    if (kinds.length === 0) return true;
    if (names.length > 0 && !names.includes(name)) return false;
    return kinds.some(
      (kind) =>
        kind === '*' ||
        kind === whole ||
        kind === `${resource}/*` ||
        (subresource !== '' && kind === `*/${subresource}`),
    );
  });
}

const LISTS = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs'] as const;

function checkedFile(value: unknown): PolicyFile {
  const file = objectAt(value, 'the file');
  if (file['apiVersion'] !== 'audit.k8s.io/v1' || file['kind'] !== 'Policy') {
    throw bad('it is not a Policy of audit.k8s.io/v1');
  }
  const rules = listAt(file['rules'], 'rules');
  if (rules.length === 0) throw bad('it has no rules');
  rules.forEach((rule, index) => checkRule(objectAt(rule, `rules[${index}]`), `rules[${index}]`));
  checkStages(file['omitStages'], 'omitStages');
  return file as unknown as PolicyFile;
}

function checkRule(rule: Readonly<Record<string, unknown>>, path: string): void {
  const { level } = rule;
  if (!LEVELS.includes(level as AuditLevel)) {
    throw bad(`${path}.level is ${JSON.stringify(level)}, not one of ${LEVELS.join(', ')}`);
  }
  for (const name of LISTS) checkTexts(rule[name], `${path}.${name}`);
  checkStages(rule['omitStages'], `${path}.omitStages`);
  listAt(rule['resources'], `${path}.resources`).forEach((value, index) => {
    const at = `${path}.resources[${index}]`;
    const resource = objectAt(value, at);
    checkTexts(resource['resources'], `${at}.resources`);
    checkTexts(resource['resourceNames'], `${at}.resourceNames`);
    if (resource['resourceNames'] !== undefined && resource['resources'] === undefined) {
      throw bad(`${at}.resourceNames needs resources beside it`);
    }
  });
  const isAboutPaths = listAt(rule['nonResourceURLs'], path).length > 0;
  if (isAboutPaths && (rule['resources'] !== undefined || rule['namespaces'] !== undefined)) {
    throw bad(`${path} cannot be about resources and other paths at once`);
  }
}

function checkStages(value: unknown, path: string): void {
  for (const stage of listAt(value, path)) {
    if (STAGES.includes(stage as AuditStage)) continue;
    throw bad(`${path} has ${JSON.stringify(stage)}, not one of ${STAGES.join(', ')}`);
  }
}

function checkTexts(value: unknown, path: string): void {
  if (listAt(value, path).some((item) => typeof item !== 'string')) {
    throw bad(`${path} is not a list of texts`);
  }
}

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad(`${path} is not an object`);
  }
  return value as Record<string, unknown>;
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(`${path} is not a list`);
  return value;
}

function bad(why: string): OrdinalError {
  return new OrdinalError('ORD_AUDIT_POLICY', `the audit policy is not valid: ${why}`, {
    action: 'see audit.k8s.io/v1, kind Policy, in the documents of Kubernetes',
  });
}
