// Finds out where the API server is and who we are: from kubeconfig files as kubectl reads them, or
// from the service account of the pod we run in. The one file of this room that reads files.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject } from '../api/meta/object.ts';
import { errorMessage, OrdinalError, systemErrorCode } from '../base/errors.ts';
import type { HttpConnection } from './http-transport.ts';

export interface KubeconfigConnection extends HttpConnection {
  /** The namespace of the context; `default` when it names none. */
  readonly namespace: string;
}

/** A named entry with the folder that its relative file names start from. */
interface Entry {
  readonly folder: string;
  readonly fields: Record<string, unknown>;
}

interface Kubeconfig {
  currentContext: string;
  readonly contexts: Map<string, Entry>;
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Ways to authenticate that we would have to ignore silently otherwise. */
const UNSUPPORTED_USER_FIELDS = ['exec', 'auth-provider', 'username', 'password', 'as'];
const UNSUPPORTED_CLUSTER_FIELDS = ['proxy-url'];

/**
 * The connection of a context (default: the current one). Of several files the first that has an
 * entry wins, as with KUBECONFIG; default `~/.kube/config`. Throws OrdinalError `ORD_KUBECONFIG`.
 */
export function loadKubeconfig({
  path = join(homedir(), '.kube', 'config'),
  context,
}: { path?: string | readonly string[]; context?: string } = {}): KubeconfigConnection {
  const paths = typeof path === 'string' ? [path] : path;
  const config = readFiles(paths);
  const name = context ?? config.currentContext;
  if (name === '') throw problem(`${paths.join(', ')} names no current context`);
  const chosen = entryOf(config.contexts, 'context', name);
  const cluster = entryOf(config.clusters, 'cluster', text(chosen, 'cluster') ?? '');
  const user = text(chosen, 'user');
  return {
    ...clusterConnection(cluster),
    ...(user === undefined ? {} : userConnection(entryOf(config.users, 'user', user))),
    namespace: text(chosen, 'namespace') ?? 'default',
  };
}

/**
 * The connection of a pod's service account (API-1108). `env` is the process environment. Throws
 * OrdinalError `ORD_KUBECONFIG` outside of a pod.
 */
export function loadInClusterConfig(
  env: Readonly<Record<string, string | undefined>>,
  { folder = SERVICE_ACCOUNT_FOLDER }: { folder?: string } = {},
): KubeconfigConnection {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  if (host === '' || port === '') {
    throw problem('not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  }
  const tokenFile = join(folder, 'token');
  readText(tokenFile);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readText(join(folder, 'ca.crt')),
    token: tokenReader(tokenFile),
    namespace: readText(join(folder, 'namespace')).trim(),
  };
}

function readFiles(paths: readonly string[]): Kubeconfig {
  const config: Kubeconfig = {
    currentContext: '',
    contexts: new Map(),
    clusters: new Map(),
    users: new Map(),
  };
  for (const path of paths) {
    const document = parseYaml(path);
    config.currentContext ||= text({ folder: '', fields: document }, 'current-context') ?? '';
    const folder = dirname(resolve(path));
    collect(config.contexts, document['contexts'], { field: 'context', folder });
    collect(config.clusters, document['clusters'], { field: 'cluster', folder });
    collect(config.users, document['users'], { field: 'user', folder });
  }
  return config;
}

function parseYaml(path: string): Record<string, unknown> {
  const content = readText(path);
  try {
    const document: unknown = parse(content) ?? {};
    if (isJsonObject(document)) return document;
  } catch (cause) {
    throw problem(`${path} is not valid YAML: ${errorMessage(cause)}`, cause);
  }
  throw problem(`${path} is not a kubeconfig file`);
}

/** `[{name, context: {…}}]` → map; the first of a name wins. */
function collect(
  into: Map<string, Entry>,
  list: unknown,
  { field, folder }: { field: string; folder: string },
): void {
  if (!Array.isArray(list)) return;
  for (const item of list as unknown[]) {
    if (!isJsonObject(item) || typeof item['name'] !== 'string') continue;
    const fields = item[field] ?? {};
    if (!into.has(item['name']) && isJsonObject(fields)) into.set(item['name'], { folder, fields });
  }
}

function entryOf(entries: Map<string, Entry>, what: string, name: string): Entry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const known = [...entries.keys()].join(', ') || 'none';
  throw problem(`kubeconfig has no ${what} "${name}" (it has: ${known})`);
}

function clusterConnection(cluster: Entry): HttpConnection {
  refuse(cluster, UNSUPPORTED_CLUSTER_FIELDS);
  const server = text(cluster, 'server');
  if (server === undefined || !URL.canParse(server)) {
    throw problem(`the cluster's server "${server ?? ''}" is not a URL`);
  }
  const insecure = cluster.fields['insecure-skip-tls-verify'] === true;
  const tlsServerName = text(cluster, 'tls-server-name');
  return {
    server,
    ...optional('ca', insecure ? undefined : dataOrFile(cluster, 'certificate-authority')),
    ...(insecure ? { insecureSkipTlsVerify: true } : {}),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
}

function userConnection(user: Entry): Omit<HttpConnection, 'server'> {
  refuse(user, UNSUPPORTED_USER_FIELDS);
  const cert = dataOrFile(user, 'client-certificate');
  const key = dataOrFile(user, 'client-key');
  if ((cert === undefined) !== (key === undefined)) {
    throw problem('the user has only one of client certificate and client key');
  }
  const token = text(user, 'token');
  const tokenFile = text(user, 'tokenFile');
  return {
    ...optional('cert', cert),
    ...optional('key', key),
    // As kubectl: the file is fresher than the token written beside it.
    ...(tokenFile !== undefined
      ? { token: tokenReader(resolve(user.folder, tokenFile)) }
      : token === undefined
        ? {}
        : { token }),
  };
}

function optional<K extends string>(key: K, value: Buffer | undefined): Partial<Record<K, Buffer>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, Buffer>);
}

function refuse({ fields }: Entry, names: readonly string[]): void {
  const name = names.find((candidate) => fields[candidate] !== undefined);
  if (name === undefined) return;
  throw problem(`kubeconfig field "${name}" is not supported`, undefined);
}

function text({ fields }: Entry, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw problem(`kubeconfig field "${name}" is not a string`);
  return value;
}

/** `<name>-data` (base64) wins over the file `<name>`. */
function dataOrFile(entry: Entry, name: string): Buffer | undefined {
  const data = text(entry, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const file = text(entry, name);
  return file === undefined ? undefined : Buffer.from(readText(resolve(entry.folder, file)));
}

function tokenReader(path: string): () => Promise<string> {
  return async () => {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (cause) {
      throw unreadable(path, cause);
    }
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): OrdinalError {
  return problem(`cannot read ${path}: ${systemErrorCode(cause) ?? errorMessage(cause)}`, cause);
}

function problem(message: string, cause?: unknown): OrdinalError {
  const action =
    'Name a kubeconfig file with --kubeconfig that has a server and a certificate or token.';
  return new OrdinalError('ORD_KUBECONFIG', message, { action, cause });
}
