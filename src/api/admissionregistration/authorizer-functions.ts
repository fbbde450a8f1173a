// `authorizer` in CEL: may the user of the request do something else, too?
//   authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()
import type { Declaration } from '../cel/language/declarations.ts';
import { structOf } from '../cel/language/types.ts';
import { CelObject } from '../cel/language/values.ts';
import type { ResourceAction } from '../rbac/policy-rule.ts';

const TYPE = 'kubernetes.authorization';
/** The types of the variables. */
export const AUTHORIZER = structOf(`${TYPE}.Authorizer`);
export const RESOURCE_CHECK = structOf(`${TYPE}.ResourceCheck`);

/** Who asks. */
interface Asking {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

interface Asked extends Omit<ResourceAction, 'verb'> {
  readonly namespace: string;
  readonly fieldSelector?: string;
}

/** Whoever knows what users may do. */
interface Decider {
  decide(
    user: Asking,
    attributes:
      (Asked & { readonly verb: string }) | { readonly verb: string; readonly path: string },
  ): { readonly allowed: boolean; readonly reason: string };
}

/** The value of `authorizer`: what one user may do. */
export class CelAuthorizer extends CelObject {
  readonly celType = AUTHORIZER;
  readonly authorizer: Decider;
  readonly user: Asking;

  constructor(authorizer: Decider, user: Asking) {
    super();
    this.authorizer = authorizer;
    this.user = user;
  }
}

class CelPathCheck extends CelObject {
  readonly celType = structOf(`${TYPE}.PathCheck`);
  readonly by: CelAuthorizer;
  readonly path: string;

  constructor(by: CelAuthorizer, path: string) {
    super();
    this.by = by;
    this.path = path;
  }
}

class CelGroupCheck extends CelObject {
  readonly celType = structOf(`${TYPE}.GroupCheck`);
  readonly by: CelAuthorizer;
  readonly group: string;

  constructor(by: CelAuthorizer, group: string) {
    super();
    this.by = by;
    this.group = group;
  }
}

/** The value of `authorizer.requestResource`: a question about objects of a resource. */
export class CelResourceCheck extends CelObject {
  readonly celType = RESOURCE_CHECK;
  readonly by: CelAuthorizer;
  readonly asked: Asked;

  constructor(by: CelAuthorizer, asked: Asked) {
    super();
    this.by = by;
    this.asked = asked;
  }

  with(changed: Partial<Asked>): CelResourceCheck {
    return new CelResourceCheck(this.by, { ...this.asked, ...changed });
  }
}

class CelDecision extends CelObject {
  readonly celType = structOf(`${TYPE}.Decision`);
  readonly allowed: boolean;
  readonly reason: string;

  constructor(allowed: boolean, reason: string) {
    super();
    this.allowed = allowed;
    this.reason = reason;
  }
}

function decide(
  { authorizer, user }: CelAuthorizer,
  attributes: Parameters<Decider['decide']>[1],
): CelDecision {
  const { allowed, reason } = authorizer.decide(user, attributes);
  return new CelDecision(allowed, reason);
}

function accountOf(by: CelAuthorizer, namespace: string, name: string): CelAuthorizer {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const account = `system:serviceaccount:${namespace}:${name}`;
  const user = { name: account, uid: '', groups: [...groups, 'system:authenticated'] };
  return new CelAuthorizer(by.authorizer, user);
}

const NOTHING: Omit<Asked, 'group' | 'resource'> = { subresource: '', namespace: '', name: '' };

const short: readonly Declaration[] = [
  ['path', 'authorizer_path', 'A.(string) -> P', (by: CelAuthorizer, path: string) => new CelPathCheck(by, path)],
  ['group', 'authorizer_group', 'A.(string) -> G', (by: CelAuthorizer, group: string) => new CelGroupCheck(by, group)],
  ['serviceAccount', 'authorizer_serviceaccount', 'A.(string, string) -> A', accountOf],
  ['resource', 'groupcheck_resource', 'G.(string) -> R', ({ by, group }: CelGroupCheck, resource: string) => new CelResourceCheck(by, { group, resource, ...NOTHING })],
  ['subresource', 'resourcecheck_subresource', 'R.(string) -> R', (check: CelResourceCheck, subresource: string) => check.with({ subresource })],
  ['namespace', 'resourcecheck_namespace', 'R.(string) -> R', (check: CelResourceCheck, namespace: string) => check.with({ namespace })],
  ['name', 'resourcecheck_name', 'R.(string) -> R', (check: CelResourceCheck, name: string) => check.with({ name })],
  ['fieldSelector', 'authorizer_fieldselector', 'R.(string) -> R', (check: CelResourceCheck, fieldSelector: string) => check.with({ fieldSelector })],
  ['labelSelector', 'authorizer_labelselector', 'R.(string) -> R', (check: CelResourceCheck) => check],
  ['check', 'pathcheck_check', 'P.(string) -> D', ({ by, path }: CelPathCheck, verb: string) => decide(by, { verb, path })],
  ['check', 'resourcecheck_check', 'R.(string) -> D', ({ by, asked }: CelResourceCheck, verb: string) => decide(by, { verb, ...asked })],
  ['errored', 'decision_errored', 'D.() -> bool', () => false],
  ['error', 'decision_error', 'D.() -> string', () => ''],
  ['allowed', 'decision_allowed', 'D.() -> bool', ({ allowed }: CelDecision) => allowed],
  ['reason', 'decision_reason', 'D.() -> string', ({ reason }: CelDecision) => reason],
]; // prettier-ignore

/**
 * The functions behind `authorizer`. Selectors of labels narrow nothing: no right depends on them.
 */
export const authorizerFunctions: readonly Declaration[] = short.map(
  ([name, id, signature, handler]) => [name, id, fullNames(signature), handler],
);

function fullNames(signature: string): string {
  const names: Readonly<Record<string, string>> = {
    A: 'Authorizer',
    P: 'PathCheck',
    G: 'GroupCheck',
    R: 'ResourceCheck',
    D: 'Decision',
  };
  return signature.replace(/\b[APGRD]\b/g, (letter) => `${TYPE}.${names[letter] ?? ''}`);
}
