// The annotation of client-side apply, as far as server-side apply knows it (API-650, API-646):
// kubectl may take over what it applied before, and keeps the annotation up to date.
import { canonicalJson } from '../canonical-json.ts';
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { compareTyped } from './compare.ts';
import { EMPTY_SET, difference, union } from './field-set.ts';
import type { FieldSet } from './field-set.ts';
import { TypedValueError } from './list-items.ts';
import { fieldsOf } from './typed-fields.ts';
import type { Typing } from './updater.ts';
import { validateTyped } from './validate-typed.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** All annotations of an object together, in bytes. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** The field manager that moves from client-side apply to server-side apply. */
export const KUBECTL = 'kubectl';

function annotationsOf(object: Json): JsonObject {
  const { metadata } = isJsonObject(object) ? object : {};
  const { annotations } = isJsonObject(metadata) ? metadata : {};
  return isJsonObject(annotations) ? annotations : {};
}

/** Fields of the last client-side apply that are still as it left them. */
export function lastAppliedFields({ schema, apiVersion }: Typing, live: Json): FieldSet {
  const config = parsed(annotationsOf(live)[LAST_APPLIED]);
  if (!config || config['apiVersion'] !== apiVersion) return EMPTY_SET;
  try {
    validateTyped(schema, config);
    const { removed, modified, added } = compareTyped(schema, config, live);
    return difference(fieldsOf(schema, config), union(union(removed, modified), added));
  } catch (error) {
    if (error instanceof TypedValueError) return EMPTY_SET;
    throw error;
  }
}

function parsed(text: Json | undefined): JsonObject | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `object` with the annotation, if it has one, saying what was applied now. */
export function withLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const { [LAST_APPLIED]: before, ...others } = annotationsOf(object);
  if (typeof before !== 'string' || before === '') return object;
  const annotations = { ...others, [LAST_APPLIED]: configText(config) };
  const fits = sizeOf(annotations) <= ANNOTATIONS_BYTES_MAX;
  const metadata = object['metadata'] as JsonObject;
  return { ...object, metadata: { ...metadata, annotations: fits ? annotations : others } };
}

function configText(config: JsonObject): string {
  const metadata = config['metadata'];
  const { annotations } = isJsonObject(metadata) ? metadata : {};
  if (!isJsonObject(metadata) || !isJsonObject(annotations)) return `${canonicalJson(config)}\n`;
  const { [LAST_APPLIED]: _, ...rest } = annotations;
  return `${canonicalJson({ ...config, metadata: { ...metadata, annotations: rest } })}\n`;
}

function sizeOf(annotations: JsonObject): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(typeof value === 'string' ? value : '');
  }
  return bytes;
}
