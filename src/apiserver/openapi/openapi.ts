// Answers the OpenAPI paths (API-230 … API-236). Documents are built when first asked for.
import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { servedGroups, type ServedVersion } from '../discovery/group-versions.ts';
import { statusError } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { parseAccept } from '../negotiation.ts';
import { groupVersionDocument } from './group-version-document.ts';

export type OpenApiReply =
  | { readonly kind: 'document'; readonly body: Buffer; readonly headers: OutgoingHttpHeaders }
  | { readonly kind: 'redirect'; readonly location: string };

export interface OpenApiRequest {
  /** The hash in the query. */
  readonly hash: string | null;
  readonly accept?: string | undefined;
}

/** The reply to an `/openapi` path; undefined when there is none. Throws 406. */
export type OpenApi = (path: string, request: OpenApiRequest) => Promise<OpenApiReply | undefined>;

interface Document {
  readonly body: Buffer;
  readonly hash: string;
}

const ROOT = '/openapi/v3';
const V2 = '/openapi/v2';
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** As old clients call it. */
const OLD_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const YEAR_SECONDS = 31_536_000;

/** `api/v1`, `apis/apps/v1`. */
function documentPath({ groupVersion }: ServedVersion): string {
  return groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

function hashed(body: Buffer): Document {
  return { body, hash: createHash('sha256').update(body).digest('hex').toUpperCase() };
}

/** JSON or protobuf, whichever the caller wants first. */
function typeOfV2(accept: string | undefined): string {
  for (const { type } of parseAccept(accept)) {
    if (type === PROTOBUF || type === OLD_PROTOBUF) return PROTOBUF;
    if (['application/json', 'application/*', '*/*'].includes(type)) return 'application/json';
  }
  const types = `application/json, ${PROTOBUF}`;
  const message = `only the following media types are accepted: ${types}`;
  throw statusError('NotAcceptable', message);
}

/**
 * OpenAPI of resources that come and go; `resources` gives the same list while none does. Documents
 * of group versions that stay as they are are kept.
 */
export function createLiveOpenApi(
  resources: () => readonly ResourceDefinition[],
  gitVersion: string,
): OpenApi {
  const kept: KeptDocuments = new WeakMap();
  let shown: readonly ResourceDefinition[] | undefined;
  let openApi: OpenApi | undefined;
  return (path, request) => {
    const now = resources();
    if (now !== shown || !openApi) openApi = createOpenApi(now, gitVersion, kept);
    shown = now;
    return openApi(path, request);
  };
}

/** Documents with the resources they were made of, by the first of these. */
type KeptDocuments = WeakMap<
  ResourceDefinition,
  { readonly of: readonly ResourceDefinition[]; readonly document: Promise<Document> }
>;

/** The document of a group version: the kept one while its resources are the same. */
function documentsIn(kept: KeptDocuments) {
  const build = async (served: ServedVersion): Promise<Document> => {
    const body = Buffer.from(JSON.stringify(await groupVersionDocument(served)));
    return hashed(body);
  };
  return (served: ServedVersion): Promise<Document> => {
    const [first] = served.resources;
    const known = first && kept.get(first);
    const isSame = known?.of.every((one, index) => one === served.resources[index]);
    if (known && isSame && known.of.length === served.resources.length) return known.document;
    const document = build(served);
    if (first) kept.set(first, { of: served.resources, document });
    return document;
  };
}

/** OpenAPI of the given resources; `gitVersion` is that of the server. */
export function createOpenApi(
  resources: readonly ResourceDefinition[],
  gitVersion: string,
  kept: KeptDocuments = new WeakMap(),
): OpenApi {
  const versions = new Map(
    servedGroups(resources)
      .flatMap((group) => group.versions)
      .map((served) => [documentPath(served), served]),
  );
  const documentOf = documentsIn(kept);
  const url = (path: string, hash: string) => `${ROOT}/${path}?hash=${hash}`;
  const index = async (): Promise<Buffer> => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [path, served] of versions) {
      const { hash } = await documentOf(served);
      paths[path] = { serverRelativeURL: url(path, hash) };
    }
    return Buffer.from(JSON.stringify({ paths }));
  };
  const wholes = new Map<string, Promise<Document>>();
  const whole = async (type: string): Promise<Document> => {
    const { openApiV2 } = await import('./v2-document.ts');
    const document = await openApiV2([...versions.values()], gitVersion);
    if (type !== PROTOBUF) return hashed(Buffer.from(JSON.stringify(document)));
    const { encodeOpenApiV2 } = await import('./v2-protobuf.ts');
    return hashed(encodeOpenApiV2(document));
  };
  const replyV2 = async (accept: string | undefined): Promise<OpenApiReply> => {
    const type = typeOfV2(accept);
    const document = wholes.get(type) ?? whole(type);
    wholes.set(type, document);
    const { body, hash } = await document;
    const headers = { 'content-type': type, vary: 'Accept', etag: `"${hash}"` };
    return { kind: 'document', body, headers };
  };
  return async (path, { hash, accept }) => {
    if (path === V2) return replyV2(accept);
    if (path === ROOT || path === `${ROOT}/`) {
      // The reference's content type too: clients read it as JSON anyway.
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      return { kind: 'document', body: await index(), headers };
    }
    const name = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : '';
    const served = versions.get(name);
    if (!served) return undefined;
    const document = await documentOf(served);
    if (hash !== null && hash !== document.hash) {
      return { kind: 'redirect', location: url(name, document.hash) };
    }
    const caching =
      hash === null ? 'no-cache, private' : `public, immutable, max-age=${YEAR_SECONDS}`;
    const headers = {
      'content-type': 'application/json',
      'cache-control': caching,
      etag: `"${document.hash}"`,
    };
    return { kind: 'document', body: document.body, headers };
  };
}
