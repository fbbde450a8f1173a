// Paths of members in a schema, `.spec.list['a b']`, as CEL rules and selectable fields have them.
import { fieldPath, FieldPath } from '../meta/field-errors.ts';
import { additionalSchema, propertyOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

export interface SchemaAtPath {
  /** Undefined when the path is none. */
  readonly schema?: Schema;
  readonly path?: FieldPath;
  readonly error?: string;
}

const NOT_A_FIELD = 'does not refer to a valid field';

/** The schema a path leads to, and the path in our own form. */
export function schemaAtPath(text: string, root: Schema, allowBrackets = true): SchemaAtPath {
  let schema = root;
  let path: FieldPath | undefined;
  for (const [token, name, quoted] of tokensOf(text)) {
    if (token.startsWith('[') && !allowBrackets) return { error: 'array notation is not allowed' };
    const member = name ?? quoted?.replace(/\\(['\\])/g, '$1');
    if (member === undefined) return { error: `expected [ or . but got: ${token}` };
    const declares = schema.properties !== undefined;
    const below = declares ? propertyOf(schema, member) : additionalSchema(schema);
    if (!below) return { error: NOT_A_FIELD };
    path = step(path, member, declares);
    schema = below;
  }
  return path ? { schema, path } : { error: NOT_A_FIELD };
}

/** `.name`, `['name']`, or what is neither. */
function tokensOf(text: string): RegExpMatchArray[] {
  return [...text.matchAll(/\.([^.[\]]*)|\['((?:[^'\\]|\\.)*)'\]|[^.[]+|[^]+/g)];
}

function step(path: FieldPath | undefined, name: string, declares: boolean): FieldPath {
  if (!path) return declares ? fieldPath(name) : new FieldPath(`[${name}]`);
  return declares ? path.child(name) : path.key(name);
}
