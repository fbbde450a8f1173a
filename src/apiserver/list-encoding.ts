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

/** The JSON text of a list; `items` is never null (API-301). */
export function encodeList(list: ListResponse): Buffer {
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
  return Buffer.concat(parts);
}
