// JSON patch (RFC 6902, API-602) as upstream's library understands it: negative indexes count from
// the end, and replacing an absent member of an object adds it.
import jsonPatch, { type Operation } from 'fast-json-patch';
import { isJsonObject, type Json } from '../object.ts';
import { StatusError, statusError } from '../status-error.ts';
import { inapplicablePatch, jsonKind, malformedPatch } from './patch-error.ts';

/** More operations are refused with 413 (API-112). */
const OPERATIONS_MAX = 10_000;

const OPERATIONS: ReadonlySet<unknown> = new Set([
  'add',
  'remove',
  'replace',
  'move',
  'copy',
  'test',
]);

interface Step {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value: Json;
}

function notDecodable(value: Json, type: string): StatusError {
  const what = `cannot unmarshal ${jsonKind(value)} into Go value of type ${type}`;
  return malformedPatch(`error decoding patch: json: ${what}`);
}

const TEXTS = ['op', 'path', 'from'] as const;

/** Throws 400 for what is no operation at all; null is an empty one. */
function checkTypes(item: Json): void {
  if (item === null) return;
  if (!isJsonObject(item)) throw notDecodable(item, 'handlers.jsonPatchOp');
  for (const name of TEXTS) {
    const text = item[name] ?? '';
    if (typeof text !== 'string') {
      const what = `cannot unmarshal ${jsonKind(text)} into Go struct field`;
      throw malformedPatch(
        `error decoding patch: json: ${what} jsonPatchOp.${name} of type string`,
      );
    }
  }
}

function readStep(item: Json): Step {
  const { op, path, from, value = null } = isJsonObject(item) ? item : {};
  if (typeof op !== 'string' || !OPERATIONS.has(op) || typeof path !== 'string') {
    throw inapplicablePatch();
  }
  // A later operation may reach into the value: work on a copy.
  if (op !== 'move' && op !== 'copy')
    return { op, path, value: jsonPatch.deepClone(value) as Json };
  if (typeof from !== 'string') throw inapplicablePatch();
  return { op, path, from, value: null };
}

function readSteps(patch: Json): Step[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw notDecodable(patch, '[]handlers.jsonPatchOp');
  if (patch.length > OPERATIONS_MAX) {
    const count = `${OPERATIONS_MAX}, got ${patch.length}`;
    const detail = `The allowed maximum operations in a JSON patch is ${count}`;
    throw statusError('RequestEntityTooLarge', `Request entity too large: ${detail}`);
  }
  patch.forEach(checkTypes);
  return patch.map(readStep);
}

function isContainer(value: Json | undefined): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null;
}

function member(container: Json[] | { [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(container, key) ? (container as { [key: string]: Json })[key] : undefined;
}

/** The index a pointer's part means in a list; `room` is 1 where it may be one past the end. */
function resolveIndex(part: string, length: number, room: 0 | 1): string {
  if (room === 1 && part === '-') return String(length);
  if (!/^[+-]?[0-9]+$/.test(part)) throw inapplicablePatch();
  const index = Number(part) < 0 ? Number(part) + length + room : Number(part);
  if (index < 0 || index >= length + room) throw inapplicablePatch();
  return String(index);
}

interface Place {
  /** The pointer with every index made plain. */
  readonly pointer: string;
  /** True when there is a value at the pointer. */
  readonly present: boolean;
}

/** Finds where a pointer leads; its parent must exist. `inserting`: past a list's end is fine. */
function locate(document: Json, pointer: string, inserting: boolean): Place {
  const parts = pointer.split('/').slice(1);
  let container: Json | undefined = document;
  let present = true;
  const plain = parts.map((part, position) => {
    if (!isContainer(container)) throw inapplicablePatch();
    const last = position === parts.length - 1;
    const key = jsonPatch.unescapePathComponent(part);
    const room = last && inserting ? 1 : 0;
    const resolved = Array.isArray(container) ? resolveIndex(key, container.length, room) : key;
    present = Object.hasOwn(container, resolved);
    container = member(container, resolved);
    return jsonPatch.escapePathComponent(resolved);
  });
  return { pointer: plain.map((part) => `/${part}`).join(''), present };
}

/** The step in the terms of the library, which follows the RFC to the letter. */
function translate(document: Json, step: Step): Operation | undefined {
  const { op, value } = step;
  if (step.path === '' && (op === 'replace' ? !isContainer(value) : op !== 'test')) {
    throw inapplicablePatch();
  }
  if (op === 'move' || op === 'copy') return undefined;
  const place = locate(document, step.path, op === 'add');
  if (op === 'remove') {
    if (!place.present) throw inapplicablePatch();
    return { op, path: place.pointer };
  }
  if (op === 'test') {
    // A missing member passes a test for null.
    if (!place.present && value === null) return { op, path: '', value: document };
    return { op, path: place.pointer, value };
  }
  return { op: place.present && op === 'replace' ? 'replace' : 'add', path: place.pointer, value };
}

function perform(document: Json, operation: Operation): Json {
  return jsonPatch.applyOperation(document, operation, false, true).newDocument;
}

function carry(document: Json, step: Step): Json {
  const source = locate(document, step.from ?? '', false);
  // A copy of an absent member is a null.
  if (step.from === '' || (!source.present && step.op === 'move')) throw inapplicablePatch();
  const value = source.present
    ? (jsonPatch.getValueByPointer(document, source.pointer) as Json)
    : null;
  const taken =
    step.op === 'move' ? perform(document, { op: 'remove', path: source.pointer }) : document;
  const target = locate(taken, step.path, true);
  return perform(taken, {
    op: 'add',
    path: target.pointer,
    value: jsonPatch.deepClone(value) as Json,
  });
}

function applyStep(document: Json, step: Step): Json {
  const operation = translate(document, step);
  return operation === undefined ? carry(document, step) : perform(document, operation);
}

/**
 * `document` with the operations applied. The input is not changed and may be frozen. Throws
 * StatusError: 400 for what is no list of operations, 413 for too many, 422 for one that fails.
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  const steps = readSteps(patch);
  try {
    return steps.reduce(applyStep, jsonPatch.deepClone(document) as Json);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    if (isPatchFailure(error)) throw inapplicablePatch();
    throw error;
  }
}

/** The library throws its own error, and a TypeError for `__proto__`. */
function isPatchFailure(error: unknown): boolean {
  return error instanceof jsonPatch.JsonPatchError || error instanceof TypeError;
}
