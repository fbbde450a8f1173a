// The OpenAPI v2 document as the protobuf message that kubectl up to 1.28 asks for (API-236): the
// numbers are those of gnostic's OpenAPIv2.proto.
import { bool, concat, message, named, text, type Bytes } from './wire-writer.ts';
import type { Schema } from './schemas.ts';
import type { OpenApiV2 } from './v2-document.ts';

type Tree = Readonly<Record<string, unknown>>;

const tree = (value: unknown): Tree => (value ?? {}) as Tree;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The bytes of a document. */
export function encodeOpenApiV2({ swagger, info, paths, definitions }: OpenApiV2): Buffer {
  return Buffer.concat(
    concat(
      text(1, swagger),
      message(2, concat(text(1, info.title), text(2, info.version))),
      message(8, named(2, paths, pathItem)),
      message(
        9,
        named(1, definitions, (schema) => encodeSchema(schema as Schema)),
      ),
    ),
  );
}

/** Members that begin with `x-`, each as its name and its JSON text. */
function extensions(number: number, object: Tree): Bytes {
  const own = Object.entries(object).filter(([name]) => name.startsWith('x-'));
  return named(number, Object.fromEntries(own), (value) => text(2, JSON.stringify(value)));
}

const OPERATIONS: readonly (readonly [name: string, number: number])[] = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['patch', 8],
];

function pathItem(value: unknown): Bytes {
  const item = tree(value);
  const operations = OPERATIONS.flatMap(([name, number]) =>
    item[name] === undefined ? [] : message(number, operation(tree(item[name]))),
  );
  return concat(operations, parameters(9, item['parameters']));
}

function operation(own: Tree): Bytes {
  return concat(
    texts(6, own['produces']),
    texts(7, own['consumes']),
    parameters(8, own['parameters']),
    message(9, named(1, tree(own['responses']), response)),
    extensions(13, own),
  );
}

function texts(number: number, values: unknown): Bytes {
  return list(values).flatMap((value) => text(number, String(value)));
}

function parameters(number: number, values: unknown): Bytes {
  return list(values).flatMap((value) => message(number, message(1, parameter(tree(value)))));
}

/** A body parameter is 1; others are 2: in the query (3 of it) or in the path (4). */
function parameter(own: Tree): Bytes {
  const [name, place, description] = [own['name'], own['in'], own['description']].map((part) =>
    typeof part === 'string' ? part : '',
  );
  const needed = own['required'] === true;
  if (place === 'body') {
    const schema = encodeSchema(tree(own['schema']));
    return message(1, concat(text(2, name), text(3, place), bool(4, needed), message(5, schema)));
  }
  const common = concat(bool(1, needed), text(2, place), text(3, description), text(4, name));
  const unique = own['uniqueItems'] === true;
  if (place === 'path') {
    return message(2, message(4, concat(common, text(5, 'string'), bool(19, unique))));
  }
  return message(2, message(3, concat(common, text(6, 'string'), bool(20, unique))));
}

/** A reply, and in it the schema, each the first of the things it may be. */
function response(value: unknown): Bytes {
  const { description, schema } = tree(value);
  const body = schema === undefined ? [] : message(2, message(1, encodeSchema(tree(schema))));
  return message(1, concat(text(1, String(description)), body));
}

function encodeSchema(schema: Schema): Bytes {
  const { $ref, format, description, required, type, items, properties } = schema;
  const { additionalProperties } = schema;
  const optional = (number: number, value: unknown) =>
    typeof value === 'string' ? text(number, value) : [];
  const nested = (number: number, value: unknown, encode: (own: Bytes) => Bytes) =>
    value === undefined ? [] : message(number, encode(encodeSchema(tree(value))));
  return concat(
    optional(1, $ref),
    optional(2, format),
    optional(4, description),
    texts(19, required),
    list(schema['enum']).flatMap((word) => message(20, text(2, JSON.stringify(word)))),
    nested(21, additionalProperties, (own) => message(1, own)),
    type === undefined ? [] : message(22, optional(1, type)),
    nested(23, items, (own) => message(1, own)),
    properties === undefined
      ? []
      : message(
          25,
          named(1, tree(properties), (own) => encodeSchema(tree(own))),
        ),
    extensions(31, schema),
  );
}
