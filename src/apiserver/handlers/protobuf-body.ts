// Bodies in protobuf as the JSON values they stand for, for every built-in type (API-1205). Loaded
// with the first such body.
import { ProtobufError } from '../../api/meta/protobuf/wire-reader.ts';
import { openEnvelope } from '../../api/meta/protobuf/envelope.ts';
import { readMessage } from '../../api/meta/protobuf/read-message.ts';
import type { JsonObject } from '../../api/meta/object.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import { builtinTable } from '../registry/resource-table.ts';
import { BodyContentError, BodySyntaxError, type KindName } from './body-text.ts';

/**
 * The value of a body; `expected` is its kind where it names none. Of a kind that nobody knows only
 * the name is read. Throws BodySyntaxError and BodyContentError.
 */
export function parseProtobuf(body: Buffer, expected: KindName): JsonObject {
  const envelope = asSyntaxError(() => openEnvelope(body));
  const apiVersion = envelope.apiVersion === '' ? expected.apiVersion : envelope.apiVersion;
  const kind = envelope.kind === '' ? expected.kind : envelope.kind;
  const type = typeOf({ apiVersion, kind });
  if (type === undefined) return { apiVersion, kind };
  try {
    return { ...readMessage(type, envelope.raw), apiVersion, kind };
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new BodyContentError(error.message, { apiVersion, kind });
  }
}

function asSyntaxError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtobufError) throw new BodySyntaxError(error.message, '');
    throw error;
  }
}

/** The type in the model; kinds that are not stored (options, reviews, Scale) go by their name. */
function typeOf({ apiVersion, kind }: KindName): string | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const resource = builtinTable.findKind({ group, version: apiVersion.slice(slash + 1), kind });
  return resource?.model ?? builtinTypes.type(kind)?.name;
}
