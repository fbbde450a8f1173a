// The query parameters of writes: dryRun, fieldValidation, fieldManager, force (API-640, API-920,
// API-921).
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../api/meta/field-errors.ts';
import { invalid } from '../../api/meta/status-error.ts';
import type { StatusCause } from '../../api/meta/status-error.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';
/** ApplyOptions are the PatchOptions of an apply. */
export type OptionsKind = 'ApplyOptions' | 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

const FIELD_VALIDATIONS: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];
/** Longer names of field managers are refused. */
export const FIELD_MANAGER_BYTES_MAX = 128;

/** Reads and checks the options of a write. Throws 422. */
export function parseWriteOptions(query: URLSearchParams, kind: OptionsKind): WriteOptions {
  const dryRun = query.getAll('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const fieldManager = query.get('fieldManager') ?? '';
  const causes = [
    ...(kind === 'PatchOptions' && query.has('force')
      ? [forbidden(fieldPath('force'), 'may not be specified for non-apply patch')]
      : []),
    ...(kind === 'ApplyOptions' && fieldManager === ''
      ? [required(fieldPath('fieldManager'), 'is required for apply patch')]
      : []),
    ...checkFieldManager(fieldManager),
    ...checkDryRun(dryRun),
    ...(FIELD_VALIDATIONS.includes(fieldValidation)
      ? []
      : [notSupported(fieldPath('fieldValidation'), fieldValidation, FIELD_VALIDATIONS)]),
  ];
  if (causes.length > 0) {
    throw invalidOptions(kind === 'ApplyOptions' ? 'PatchOptions' : kind, causes);
  }
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
  };
}

/** A 422 about request options. */
export function invalidOptions(kind: string, causes: readonly StatusCause[]) {
  return invalid({ group: 'meta.k8s.io', kind }, '', causes);
}

/** The causes against a dryRun list: only `All` is known. */
export function checkDryRun(dryRun: readonly string[]): StatusCause[] {
  return dryRun.every((value) => value === 'All')
    ? []
    : [notSupported(fieldPath('dryRun'), dryRun, ['All'])];
}

function checkFieldManager(fieldManager: string): StatusCause[] {
  const path = fieldPath('fieldManager');
  if (Buffer.byteLength(fieldManager) > FIELD_MANAGER_BYTES_MAX) {
    return [tooLong(path, FIELD_MANAGER_BYTES_MAX)];
  }
  const causes: StatusCause[] = [];
  let position = 0;
  for (const character of fieldManager) {
    if (!isPrintable(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const why = `invalid character U+${code} (at position ${position})`;
      causes.push(invalidValue(path, fieldManager, why));
    }
    position += Buffer.byteLength(character);
  }
  return causes;
}

/** As Go sees it: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}
