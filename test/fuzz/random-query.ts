// Makes query parameters and headers, selectors above all.
import type { Random } from '../../src/base/random.ts';
import { chance, NAMES, ODD_NUMBERS, ODD_TEXTS, pick, randomText, times } from './choice.ts';
import { mutateText } from './mutate.ts';

const KEYS = ['app', 'a', 'example.com/x', '', 'metadata.name', 'status.phase', '!a', 'a/b/c', '-'];
const OPERATORS = ['=', '==', '!=', ' in ', ' notin ', '>', '<', '', '!', '>=', '=='];
const SETS = ['(a,b)', '()', '(a', 'a)', '(,)', 'a', 'web', '', '((a))', '"a"'];

function selector(random: Random): string {
  const terms = times(random.integer(4), () => {
    const right = chance(random, 50) ? pick(random, SETS) : pick(random, ODD_TEXTS);
    return `${pick(random, KEYS)}${pick(random, OPERATORS)}${right}`;
  });
  const text = terms.join(',');
  if (chance(random, 2)) return `${'a,'.repeat(3000)}a`;
  return chance(random, 30) ? mutateText(random, text) : text;
}

const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'status.phase',
  'spec.nodeName',
  'type',
  'x',
];

function fieldSelector(random: Random): string {
  const terms = times(1 + random.integer(2), () => {
    const value = chance(random, 60) ? pick(random, NAMES) : pick(random, ODD_TEXTS);
    return `${pick(random, FIELDS)}${pick(random, ['=', '==', '!=', '\\=', ''])}${value}`;
  });
  return chance(random, 20) ? mutateText(random, terms.join(',')) : terms.join(',');
}

const numbers = (random: Random) => String(pick(random, ODD_NUMBERS));
const booleans = (random: Random) => pick(random, ['true', 'false', '1', '0', '', 'x', 'True']);
const versions = (random: Random) =>
  pick(random, ['', '0', '1', '10', '200', '99999999', '-1', 'x', '0x1', '18446744073709551616']);
const token = (random: Random) => {
  const value = {
    v: 'meta.k8s.io/v1',
    rv: pick(random, [1, 100, -1, 2 ** 60]),
    start: randomText(random),
  };
  return Buffer.from(JSON.stringify(value)).toString('base64url');
};

type MakeValue = (random: Random) => string;

const PARAMETERS: Readonly<Record<string, MakeValue>> = {
  limit: numbers,
  continue: (random) => (chance(random, 50) ? token(random) : randomText(random)),
  resourceVersion: versions,
  resourceVersionMatch: (random) => pick(random, ['Exact', 'NotOlderThan', 'x', '']),
  timeoutSeconds: (random) => pick(random, ['1', '0', '-1', 'x', '1e9']),
  allowWatchBookmarks: booleans,
  sendInitialEvents: booleans,
  labelSelector: selector,
  fieldSelector,
  dryRun: (random) => pick(random, ['All', 'All', 'None', '', 'x']),
  fieldManager: randomText,
  fieldValidation: (random) => pick(random, ['Strict', 'Warn', 'Ignore', '', 'x']),
  force: booleans,
  pretty: booleans,
  includeObject: (random) => pick(random, ['None', 'Metadata', 'Object', 'x']),
  gracePeriodSeconds: numbers,
  propagationPolicy: (random) => pick(random, ['Foreground', 'Background', 'Orphan', 'x']),
  orphanDependents: booleans,
  container: (random) => pick(random, ['main', '', 'x', '..']),
  follow: (random) => pick(random, ['false', '', 'x']),
  previous: booleans,
  timestamps: booleans,
  tailLines: numbers,
  sinceSeconds: numbers,
  sinceTime: randomText,
  limitBytes: numbers,
  command: randomText,
  stdin: booleans,
  stdout: booleans,
  stderr: booleans,
  tty: booleans,
  ports: (random) => pick(random, ['80', '80,81', '', '-1', 'x', '65536']),
  path: randomText,
  watch: booleans,
};
const NAMES_OF_PARAMETERS = Object.keys(PARAMETERS);

function parameter(random: Random): string {
  const name = pick(random, NAMES_OF_PARAMETERS);
  const value = chance(random, 90) ? PARAMETERS[name]!(random) : randomText(random);
  return `${encodeURIComponent(name)}=${chance(random, 97) ? encoded(value) : `${encoded(value)}%zz`}`;
}

/** Percent-encoded; what has no UTF-8 form becomes the replacement character. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** The part behind the question mark; the empty string: there is none. */
export function randomQuery(random: Random): string {
  if (chance(random, 60)) return '';
  const text = times(1 + random.integer(4), () => parameter(random)).join('&');
  return `?${chance(random, 3) ? mutateText(random, text).replace(/[^!-~]/g, '') : text}`;
}

const ACCEPTS = [
  'application/json', 'application/yaml', '*/*', 'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
]; // prettier-ignore
const ODD_ACCEPTS = [
  'text/html', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;q=x', ';;;', ',',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
]; // prettier-ignore

const HEADERS: Readonly<Record<string, MakeValue>> = {
  accept: (random) => pick(random, chance(random, 94) ? ACCEPTS : ODD_ACCEPTS),
  'accept-encoding': (random) => pick(random, ['gzip', 'br', 'gzip;q=0', 'x']),
  'user-agent': (random) => pick(random, ['kubectl/v1.36', 'curl/8', '', 'a/b/c']),
  'impersonate-user': (random) =>
    pick(random, ['jane', 'system:serviceaccount:a:b', 'system:node:node-0', 'system:', ':']),
  'impersonate-group': (random) => pick(random, ['system:masters', 'system:nodes', 'g', '']),
  'impersonate-uid': (random) => pick(random, ['1', '']),
  'impersonate-extra-a%2fb%zz': () => 'x',
  'content-encoding': (random) => pick(random, ['gzip', 'identity', 'x']),
  'if-match': () => '"1"',
  range: () => 'bytes=0-1',
  'x-remote-user': () => 'admin',
  'x-long': () => 'x'.repeat(10_000),
  cookie: () => 'a=b; '.repeat(50),
  'sec-websocket-protocol': () => 'v5.channel.k8s.io',
};
const NAMES_OF_HEADERS = Object.keys(HEADERS);

/** Headers beside those of the body and of the caller's identity. */
export function randomHeaders(random: Random): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let left = random.integer(chance(random, 20) ? 3 : 1); left >= 0; left -= 1) {
    const name = chance(random, 93) ? 'accept' : pick(random, NAMES_OF_HEADERS);
    headers[name] = HEADERS[name]!(random);
  }
  return headers;
}

const TOKENS = [
  'Bearer x',
  'Bearer',
  'Basic YTpi',
  'Bearer a.b.c',
  'bearer  ',
  'Bearer e30.e30.e30',
  '',
];

/** An Authorization header that no caller of ours has. */
export function randomAuthorization(random: Random): string {
  return pick(random, TOKENS);
}
