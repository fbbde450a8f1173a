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

/** The items of a list as values, without apiVersion and kind, as typed lists of the reference. */
export function listValue({ resource, metadata, items }: ListResponse): object {
  return {
    kind: `${resource.kind}List`,
    apiVersion: groupVersion(resource),
    metadata,
    items: items.map(({ object }) => {
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = object;
      return rest;
    }),
  };
}

/** The JSON text of a list; `items` is never null (API-301). */
export function encodeList({ resource, metadata, items }: ListResponse): Buffer {
  const prefix = typeMetaPrefix(resource);
  const apiVersion = groupVersion(resource);
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion, metadata });
  const parts: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(COMMA);
    const { encoded } = item;
    if (prefix.compare(encoded, 0, prefix.length) === 0) {
      parts.push(OPEN, encoded.subarray(prefix.length));
    } else {
      parts.push(withoutTypeMeta(item));
    }
  }
  parts.push(END);
  return Buffer.concat(parts);
}
