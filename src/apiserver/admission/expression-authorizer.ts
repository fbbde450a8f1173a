// `authorizer` in CEL: may the user of the request do something else, too?
//   authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()
import type { CelLibrary } from '../../api/cel/libraries/library.ts';
import type { UserInfo } from '../api-request.ts';
import type { Attributes } from '../authorization/attributes.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { AdmissionRequest } from './admission-request.ts';

class CelAuthorizer {
  readonly authorizer: Authorizer;
  readonly user: UserInfo;

  constructor(authorizer: Authorizer, user: UserInfo) {
    this.authorizer = authorizer;
    this.user = user;
  }
}

class CelPathCheck {
  readonly by: CelAuthorizer;
  readonly path: string;

  constructor(by: CelAuthorizer, path: string) {
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

class CelGroupCheck {
  readonly by: CelAuthorizer;
  readonly group: string;

  constructor(by: CelAuthorizer, group: string) {
    this.by = by;
    this.group = group;
  }
}

class CelResourceCheck {
  readonly by: CelAuthorizer;
  readonly asked: Asked;

  constructor(by: CelAuthorizer, asked: Asked) {
    this.by = by;
    this.asked = asked;
  }

  with(changed: Partial<Asked>): CelResourceCheck {
    return new CelResourceCheck(this.by, { ...this.asked, ...changed });
  }
}

class CelDecision {
  readonly allowed: boolean;
  readonly reason: string;

  constructor(allowed: boolean, reason: string) {
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

/** The types and functions behind `authorizer`. */
export const authorizerLibrary: CelLibrary = {
  types: [
    ['kubernetes.authorization.Authorizer', CelAuthorizer],
    ['kubernetes.authorization.PathCheck', CelPathCheck],
    ['kubernetes.authorization.GroupCheck', CelGroupCheck],
    ['kubernetes.authorization.ResourceCheck', CelResourceCheck],
    ['kubernetes.authorization.Decision', CelDecision],
  ],
  functions: (
    [
      ['A.path(string): P', (by: CelAuthorizer, path: string) => new CelPathCheck(by, path)],
      ['A.group(string): G', (by: CelAuthorizer, group: string) => new CelGroupCheck(by, group)],
      ['A.serviceAccount(string, string): A', accountOf],
      [
        'P.check(string): D',
        ({ by, path }: CelPathCheck, verb: string) => decide(by, { verb, path }),
      ],
      [
        'G.resource(string): R',
        ({ by, group }: CelGroupCheck, resource: string) =>
          new CelResourceCheck(by, { group, resource, ...NOTHING }),
      ],
      [
        'R.subresource(string): R',
        (check: CelResourceCheck, subresource: string) => check.with({ subresource }),
      ],
      [
        'R.namespace(string): R',
        (check: CelResourceCheck, namespace: string) => check.with({ namespace }),
      ],
      ['R.name(string): R', (check: CelResourceCheck, name: string) => check.with({ name })],
      [
        'R.check(string): D',
        ({ by, asked }: CelResourceCheck, verb: string) => decide(by, { verb, ...asked }),
      ],
      ['D.allowed(): bool', ({ allowed }: CelDecision) => allowed],
      ['D.reason(): string', ({ reason }: CelDecision) => reason],
      ['D.errored(): bool', () => false],
      ['D.error(): string', () => ''],
    ] as const
  ).map(([signature, handler]) => [fullNames(signature), handler as never] as const),
};

function fullNames(signature: string): string {
  const names: Readonly<Record<string, string>> = {
    A: 'Authorizer',
    P: 'PathCheck',
    G: 'GroupCheck',
    R: 'ResourceCheck',
    D: 'Decision',
  };
  return signature.replace(/\b[APGRD]\b/g, (letter) => {
    return `kubernetes.authorization.${names[letter] ?? ''}`;
  });
}

/** The variables about the user of a request. */
export function authorizerOf({ context, target }: AdmissionRequest) {
  const { group, resource } = target.resource;
  const { namespace, name, subresource } = target.info;
  const authorizer = new CelAuthorizer(context.authorizer, target.request.user);
  const asked = { group, resource, subresource, namespace, name };
  return { authorizer, authorizerRequestResource: new CelResourceCheck(authorizer, asked) };
}
