// Makes the bytes of a list out of the stored bytes of its items, without encoding any again.
import { groupVersion, type ResourceDefinition } from '../api/resources.ts';
import type { ListResponse, StoredObject } from './api-request.ts';

const OPEN = Buffer.from('{');
const COMMA = Buffer.from(',');
const END = Buffer.from(']}\n');

/** How the stored bytes of an object start; lists leave this part out of their items. */
function typeMetaPrefix(resource: ResourceDefinition): Buffer {
  const apiVersion = JSON.stringify(groupVersion(resource));
  return Buffer.from(`{"apiVersion":${apiVersion},"kind":${JSON.stringify(resource.kind)},`);
}

function withoutTypeMeta({ object }: StoredObject): Buffer {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return Buffer.from(JSON.stringify(rest));
}

function listKind({ custom, kind }: ResourceDefinition): string {
  return custom?.listKind ?? `${kind}List`;
}

/** Lists of custom resources always have a continue token, if only an empty one. */
function listMetadata({ resource, metadata }: ListResponse): object {
  return resource.custom ? { continue: '', ...metadata } : metadata;
}

/**
 * The items of a list as values, without apiVersion and kind, as typed lists of the reference;
 * those of custom resources keep them.
 */
export function listValue(list: ListResponse): object {
  const { resource, items } = list;
  return {
    kind: listKind(resource),
    apiVersion: groupVersion(resource),
    metadata: listMetadata(list),
    items: items.map(({ object }) => {
      if (resource.custom) return object;
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
      return rest;
    }),
  };
}

/** Bytes that are sent piece by piece; `length` is that of all pieces together. */
export interface Pieces {
  readonly length: number;
  readonly pieces: Iterable<Buffer>;
}

/** Small enough to be made from memory that is at hand, large enough to be few. */
const PIECE_BYTES = 64 * 1024;

function* inPieces(parts: readonly Buffer[]): Generator<Buffer> {
  let start = 0;
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    bytes += part.length;
    if (bytes < PIECE_BYTES && index < parts.length - 1) continue;
    yield Buffer.concat(parts.slice(start, index + 1), bytes);
    start = index + 1;
    bytes = 0;
  }
}

/**
 * The JSON text of a list; `items` is never null (API-301). It can be as large as all objects
 * together, so it is made while it is sent: what is stored doesn't change under it.
 */
export function encodeList(list: ListResponse): Pieces {
  const { resource, items } = list;
  const prefix = typeMetaPrefix(resource);
  const apiVersion = groupVersion(resource);
  const metadata = listMetadata(list);
  const head = JSON.stringify({ kind: listKind(resource), apiVersion, metadata });
  const parts: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(COMMA);
    const { encoded } = item;
    if (resource.custom) parts.push(encoded);
    else if (prefix.compare(encoded, 0, prefix.length) === 0) {
      parts.push(OPEN, encoded.subarray(prefix.length));
    } else {
      parts.push(withoutTypeMeta(item));
    }
  }
  parts.push(END);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return { length, pieces: inPieces(parts) };
}
