// `authorizer` in CEL: may the user of the request do something else, too?
//   authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()
import type { Declaration } from '../../api/cel/language/declarations.ts';
import { structOf } from '../../api/cel/language/types.ts';
import { CelObject } from '../../api/cel/language/values.ts';
import type { UserInfo } from '../api-request.ts';
import type { Attributes } from '../authorization/attributes.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { AdmissionRequest } from './admission-request.ts';

const TYPE = 'kubernetes.authorization';
export const AUTHORIZER = structOf(`${TYPE}.Authorizer`);
export const RESOURCE_CHECK = structOf(`${TYPE}.ResourceCheck`);

class CelAuthorizer extends CelObject {
  readonly celType = AUTHORIZER;
  readonly authorizer: Authorizer;
  readonly user: UserInfo;

  constructor(authorizer: Authorizer, user: UserInfo) {
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

interface Asked {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
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

class CelResourceCheck extends CelObject {
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

function decide({ authorizer, user }: CelAuthorizer, attributes: Attributes): CelDecision {
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
  ['fieldSelector', 'authorizer_fieldselector', 'R.(string) -> R', (check: CelResourceCheck) => check],
  ['labelSelector', 'authorizer_labelselector', 'R.(string) -> R', (check: CelResourceCheck) => check],
  ['check', 'pathcheck_check', 'P.(string) -> D', ({ by, path }: CelPathCheck, verb: string) => decide(by, { verb, path })],
  ['check', 'resourcecheck_check', 'R.(string) -> D', ({ by, asked }: CelResourceCheck, verb: string) => decide(by, { verb, ...asked })],
  ['errored', 'decision_errored', 'D.() -> bool', () => false],
  ['error', 'decision_error', 'D.() -> string', () => ''],
  ['allowed', 'decision_allowed', 'D.() -> bool', ({ allowed }: CelDecision) => allowed],
  ['reason', 'decision_reason', 'D.() -> string', ({ reason }: CelDecision) => reason],
]; // prettier-ignore

/**
 * The functions behind `authorizer`. Selectors narrow nothing: our authorizer, as that of roles,
 * has no rights that depend on them.
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

/** The variables about the user of a request. */
export function authorizerOf({ context, target }: AdmissionRequest) {
  const { group, resource } = target.resource;
  const { namespace, name, subresource } = target.info;
  const authorizer = new CelAuthorizer(context.authorizer, target.request.user);
  const asked = { group, resource, subresource, namespace, name };
  return {
    authorizer,
    'authorizer.requestResource': new CelResourceCheck(authorizer, asked),
  };
}
