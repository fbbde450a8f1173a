// File paths in pods: relative, without `..`.
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';

/** No part of the path is `..`. */
export function* validateNoBacksteps(value: string, path: FieldPath): Causes {
  if (value.split('/').includes('..')) yield invalidValue(path, value, "must not contain '..'");
}

/** Relative and without `..`. */
export function* validateDescendingPath(value: string, path: FieldPath): Causes {
  if (value.startsWith('/')) yield invalidValue(path, value, 'must be a relative path');
  yield* validateNoBacksteps(value, path);
}

/** Relative, without `..`, and not a name that begins with `..`. */
export function* validateNonReservedPath(value: string, path: FieldPath): Causes {
  yield* validateDescendingPath(value, path);
  if (value.startsWith('..') && !value.startsWith('../')) {
    yield invalidValue(path, value, "must not start with '..'");
  }
}
