// Answers the OpenAPI v3 paths (API-230 … API-235). Documents are built when first asked for.
import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { servedGroups, type ServedVersion } from '../discovery/group-versions.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { groupVersionDocument } from './group-version-document.ts';

export type OpenApiReply =
  | { readonly kind: 'document'; readonly body: Buffer; readonly headers: OutgoingHttpHeaders }
  | { readonly kind: 'redirect'; readonly location: string };

/**
 * The reply to an `/openapi` path; undefined when there is none. `/openapi/v2` is not served: its
 * callers need protobuf and do without (API-236).
 */
export type OpenApi = (path: string, hash: string | null) => Promise<OpenApiReply | undefined>;

interface Document {
  readonly body: Buffer;
  readonly hash: string;
}

const ROOT = '/openapi/v3';
const YEAR_SECONDS = 31_536_000;

/** `api/v1`, `apis/apps/v1`. */
function documentPath({ groupVersion }: ServedVersion): string {
  return groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

/** OpenAPI of the given resources. */
export function createOpenApi(resources: readonly ResourceDefinition[]): OpenApi {
  const versions = new Map(
    servedGroups(resources)
      .flatMap((group) => group.versions)
      .map((served) => [documentPath(served), served]),
  );
  const built = new Map<string, Promise<Document>>();
  const build = async (served: ServedVersion): Promise<Document> => {
    const body = Buffer.from(JSON.stringify(await groupVersionDocument(served)));
    return { body, hash: createHash('sha256').update(body).digest('hex').toUpperCase() };
  };
  const documentOf = (path: string, served: ServedVersion) => {
    const document = built.get(path) ?? build(served);
    built.set(path, document);
    return document;
  };
  const url = (path: string, hash: string) => `${ROOT}/${path}?hash=${hash}`;
  const index = async (): Promise<Buffer> => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [path, served] of versions) {
      const { hash } = await documentOf(path, served);
      paths[path] = { serverRelativeURL: url(path, hash) };
    }
    return Buffer.from(JSON.stringify({ paths }));
  };
  return async (path, hash) => {
    if (path === ROOT || path === `${ROOT}/`) {
      // The reference's content type too: clients read it as JSON anyway.
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      return { kind: 'document', body: await index(), headers };
    }
    const name = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : '';
    const served = versions.get(name);
    if (!served) return undefined;
    const document = await documentOf(name, served);
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
