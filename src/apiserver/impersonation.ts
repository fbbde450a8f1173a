// Acting as somebody else by Impersonate-* headers (API-1107). The constrained modes come first:
// they need a right for whom and one for what; then the old one, a right for each part of the user.
import type { IncomingHttpHeaders } from 'node:http';
import { goQuote } from '../api/meta/go-quote.ts';
import { validateDns1123Subdomain } from '../api/meta/names.ts';
import { badRequest, isForbidden } from '../api/meta/status-error.ts';
import { MASTERS_GROUP, type UserInfo } from './api-request.ts';
import {
  ANONYMOUS,
  AUTHENTICATED_GROUP,
  extraOfHeaders,
  headerValues,
  serviceAccountGroups,
  withGroup,
} from './authentication.ts';
import { refusal, type Attributes, type ResourceAttributes } from './authorization/attributes.ts';
import { requireAllowed, type Authorizer } from './authorization/authorizer.ts';

interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

interface Mode {
  /** The empty string: the mode of old. */
  readonly name: string;
  applies(wanted: Wanted, requestor: UserInfo): boolean;
}

interface Attempt {
  readonly authorizer: Authorizer;
  readonly requestor: UserInfo;
  readonly wanted: Wanted;
  /** The request that is to be made as somebody else. */
  readonly attributes: Attributes;
}

const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const UNAUTHENTICATED_GROUP = ANONYMOUS.groups[0] ?? '';
const NODE_NAME_EXTRA = 'authentication.kubernetes.io/node-name';
const EXTRA_HEADER = 'impersonate-extra-';

const MODES: readonly Mode[] = [
  {
    name: 'associated-node',
    applies: (wanted, { extra }) => {
      const node = nodeName(wanted.name);
      return node !== undefined && nameOnly(wanted) && extra?.[NODE_NAME_EXTRA]?.[0] === node;
    },
  },
  {
    name: 'arbitrary-node',
    applies: (wanted) => nodeName(wanted.name) !== undefined && nameOnly(wanted),
  },
  {
    name: 'serviceaccount',
    applies: (wanted) => serviceAccount(wanted.name) !== undefined && nameOnly(wanted),
  },
  {
    name: 'user-info',
    applies: ({ name }) => nodeName(name) === undefined && serviceAccount(name) === undefined,
  },
  { name: '', applies: () => true },
];

/**
 * The user to act as: `requestor`, or the one that the headers ask for. Throws 400 when they ask
 * for no name, and the 403 of the first mode that might have served.
 */
export function impersonated(
  requestor: UserInfo,
  headers: IncomingHttpHeaders,
  { authorizer, attributes }: { authorizer: Authorizer; attributes: Attributes },
): UserInfo {
  const wanted = hasHeaders(headers) ? readHeaders(headers) : undefined;
  if (!wanted) return requestor;
  const attempt = { authorizer, requestor, wanted, attributes };
  let refused: unknown;
  for (const mode of MODES) {
    if (!mode.applies(wanted, requestor)) continue;
    try {
      return impersonateBy(mode, attempt);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      refused ??= error;
    }
  }
  throw refused;
}

/** Nearly no request has any. */
function hasHeaders(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

function readHeaders(headers: IncomingHttpHeaders): Wanted | undefined {
  // Most requests have none of them.
  if (!Object.keys(headers).some((header) => header.startsWith('impersonate-'))) return undefined;
  const [name = ''] = headerValues(headers['impersonate-user']);
  const [uid = ''] = headerValues(headers['impersonate-uid']);
  // Repeated headers arrive joined.
  const groups = headerValues(headers['impersonate-group']).flatMap((text) => text.split(/, */));
  const extra = extraOfHeaders(headers, EXTRA_HEADER);
  const wanted = { name, uid, groups, extra };
  if (name !== '') return wanted;
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(`requested ${goUser(wanted)} without impersonating a user name`);
}

/** The wish as Go prints it. */
function goUser({ uid, groups, extra }: Wanted): string {
  const list = (items: readonly string[]) => `[]string{${items.map(goQuote).join(', ')}}`;
  const entries = Object.entries(extra).map(([key, values]) => `${goQuote(key)}:${list(values)}`);
  const extraText = entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`;
  const groupText = groups.length === 0 ? '[]string(nil)' : list(groups);
  return (
    `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${groupText}, ` +
    `Extra:map[string][]string${extraText}}`
  );
}

function impersonateBy(mode: Mode, attempt: Attempt): UserInfo {
  const { authorizer, requestor, wanted, attributes } = attempt;
  const isConstrained = mode.name !== '';
  if (isConstrained) {
    const verb = `impersonate-on:${mode.name}:${attributes.verb}`;
    requireAllowed(authorizer, requestor, { ...attributes, verb });
    refuseSpecial(mode, attempt);
  }
  for (const part of partsOf(wanted, mode)) requireAllowed(authorizer, requestor, part);
  return actualUser(wanted, { isConstrained });
}

/** A right for each part of the wanted user: name, uid, groups, extra. */
function partsOf(wanted: Wanted, mode: Mode): ResourceAttributes[] {
  const isConstrained = mode.name !== '';
  const group = isConstrained ? AUTHENTICATION_GROUP : '';
  const base = {
    verb: isConstrained ? `impersonate:${mode.name}` : 'impersonate',
    group,
    subresource: '',
    namespace: '',
  };
  const authentication = { ...base, group: AUTHENTICATION_GROUP };
  const account = serviceAccount(wanted.name);
  const node = isConstrained ? nodeName(wanted.name) : undefined;
  const names: ResourceAttributes[] = [];
  if (account) names.push({ ...base, resource: 'serviceaccounts', ...account });
  else if (mode.name === 'associated-node') names.push({ ...base, resource: 'nodes', name: '*' });
  else if (node !== undefined) names.push({ ...base, resource: 'nodes', name: node });
  else names.push({ ...base, resource: 'users', name: wanted.name });
  if (wanted.uid !== '') names.push({ ...authentication, resource: 'uids', name: wanted.uid });
  const groups = wanted.groups.map((name) => ({ ...base, resource: 'groups', name }));
  const extra = Object.entries(wanted.extra).flatMap(([subresource, values]) =>
    values.map((name) => ({ ...authentication, resource: 'userextras', subresource, name })),
  );
  return [...names, ...groups, ...extra];
}

/** What constrained modes never give away. */
function refuseSpecial(mode: Mode, { requestor, wanted }: Attempt): void {
  const attributes = {
    verb: `impersonate:${mode.name}`,
    group: AUTHENTICATION_GROUP,
    resource: 'groups',
    subresource: '',
    namespace: '',
    name: '',
  };
  if (wanted.groups.includes('')) {
    throw refusal(requestor, attributes, 'impersonating the empty string group is not allowed');
  }
  if (wanted.groups.includes(MASTERS_GROUP)) {
    const why = `impersonating the ${MASTERS_GROUP} group is not allowed`;
    throw refusal(requestor, { ...attributes, name: MASTERS_GROUP }, why);
  }
  if (Object.values(wanted.extra).some((values) => values.includes(''))) {
    const why = 'impersonating the empty string value in extra is not allowed';
    throw refusal(requestor, { ...attributes, resource: 'userextras' }, why);
  }
}

function actualUser(wanted: Wanted, { isConstrained }: { isConstrained: boolean }): UserInfo {
  const { name, uid, extra } = wanted;
  const account = serviceAccount(name);
  const isNode = isConstrained && nodeName(name) !== undefined;
  let groups: readonly string[] = wanted.groups;
  if (isNode) groups = ['system:nodes'];
  else if (account && groups.length === 0) groups = serviceAccountGroups(account.namespace);
  const user = { name, uid, groups, extra };
  if (name === ANONYMOUS.name) return withGroup(user, UNAUTHENTICATED_GROUP);
  return groups.includes(UNAUTHENTICATED_GROUP) ? user : withGroup(user, AUTHENTICATED_GROUP);
}

function nameOnly({ uid, groups, extra }: Wanted): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
}

function serviceAccount(name: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  return match ? { namespace: match[1] ?? '', name: match[2] ?? '' } : undefined;
}

function nodeName(user: string): string | undefined {
  const name = /^system:node:(.+)$/.exec(user)?.[1];
  return name !== undefined && validateDns1123Subdomain(name).length === 0 ? name : undefined;
}
