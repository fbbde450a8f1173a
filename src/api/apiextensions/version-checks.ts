// What a definition says of one of its versions beyond the schema: subresources, printer columns,
// selectable fields (API-1001).
import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresources,
  SelectableField,
  StatusCause,
} from '../generated/types.ts';
import { duplicate, invalidValue, required, tooMany } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { schemaAtPath } from './schema-path.ts';
import type { Schema } from './structural-schema.ts';

type Causes = Iterable<StatusCause>;

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
// prettier-ignore
const COLUMN_FORMATS = [
  'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password',
];
const SELECTABLE_TYPES: readonly string[] = ['string', 'boolean', 'integer'];
const SELECTABLE_MAX = 8;

/** The causes against a text that only the name of a deprecated version may have. */
export function* checkDeprecation(
  { deprecated, deprecationWarning }: { deprecated?: boolean; deprecationWarning?: string },
  path: FieldPath,
): Causes {
  if (deprecationWarning === undefined) return;
  const complain = (why: string) => invalidValue(path, deprecationWarning, why);
  if (deprecated !== true) {
    yield complain('can only be set for deprecated versions');
    return;
  }
  if (Buffer.byteLength(deprecationWarning) > 256) {
    yield complain('must be <= 256 characters long');
  }
  if (deprecationWarning === '') yield complain('must not be an empty string');
  // As Go tells what is printable: of spaces only U+0020.
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(deprecationWarning);
  if (!odd) return;
  const index = Buffer.byteLength(deprecationWarning.slice(0, odd.index));
  const what = 'non-printable character found at index';
  yield complain(`must only contain printable UTF-8 characters; ${what} ${index}`);
}

/** The causes against the scale subresource. */
export function* checkSubresources({ scale }: CustomResourceSubresources, path: FieldPath): Causes {
  if (!scale) return;
  const at = path.child('scale');
  yield* checkReplicasPath(scale.specReplicasPath, at.child('specReplicasPath'), '.spec');
  yield* checkReplicasPath(scale.statusReplicasPath, at.child('statusReplicasPath'), '.status');
  const selector = scale.labelSelectorPath ?? '';
  const below = at.child('labelSelectorPath');
  const odd = [...checkSimplePath(selector, below)];
  if (selector === '') return;
  if (odd.length > 0) yield* odd;
  else if (!selector.startsWith('.spec.') && !selector.startsWith('.status.')) {
    yield invalidValue(below, selector, 'should be a json path under either .spec or .status');
  }
}

function* checkReplicasPath(text: string, path: FieldPath, root: '.spec' | '.status'): Causes {
  if (text === '') yield required(path);
  else if (!text.startsWith('.')) yield* checkSimplePath(text, path);
  else if (!text.startsWith(`${root}.`)) {
    yield invalidValue(path, text, `should be a json path under ${root}`);
  }
}

function* checkSimplePath(text: string, path: FieldPath): Causes {
  if (text.startsWith('.')) return;
  yield invalidValue(path, text, 'must be a simple json path starting with .');
}

/** The causes against printer columns. */
export function* checkColumns(
  columns: readonly CustomResourceColumnDefinition[],
  path: FieldPath,
): Causes {
  for (const [index, { name, type, format = '', jsonPath }] of columns.entries()) {
    const at = path.index(index);
    if (name === '') yield required(at.child('name'));
    const types = `must be one of ${COLUMN_TYPES.join(',')}`;
    if (type === '') yield required(at.child('type'), types);
    else if (!COLUMN_TYPES.includes(type)) yield invalidValue(at.child('type'), type, types);
    if (format !== '' && !COLUMN_FORMATS.includes(format)) {
      const formats = `must be one of ${COLUMN_FORMATS.join(',')}`;
      yield invalidValue(at.child('format'), format, formats);
    }
    const pathField = at.child('JSONPath');
    if (jsonPath === '') yield required(pathField);
    else yield* checkSimplePath(jsonPath, pathField);
  }
}

/** The causes against selectable fields. */
export function* checkSelectable(
  fields: readonly SelectableField[],
  schema: Schema | undefined,
  path: FieldPath,
): Causes {
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = path.index(index).child('jsonPath');
    if (jsonPath === '') yield required(at);
    else yield* checkSelectableField(jsonPath, schema ?? {}, { path: at, seen });
  }
  if (seen.size > SELECTABLE_MAX) yield tooMany(path, seen.size, SELECTABLE_MAX);
}

function* checkSelectableField(
  jsonPath: string,
  root: Schema,
  { path, seen }: { path: FieldPath; seen: Set<string> },
): Causes {
  const found = schemaAtPath(jsonPath, root, false);
  if (!found.schema) {
    yield invalidValue(path, jsonPath, `is an invalid path: ${found.error ?? ''}`);
    return;
  }
  if (/^\.metadata\b/.test(jsonPath)) {
    yield invalidValue(path, jsonPath, 'must not point to fields in metadata');
  }
  if (!SELECTABLE_TYPES.includes(found.schema.type ?? '')) {
    const message =
      'must point to a field of type string, boolean or integer. ' +
      'Enum string fields and strings with formats are allowed.';
    yield invalidValue(path, jsonPath, message);
  }
  const key = found.path?.toString() ?? '';
  if (seen.has(key)) yield duplicate(path, jsonPath);
  seen.add(key);
}
