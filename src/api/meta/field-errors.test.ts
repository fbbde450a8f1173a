import { describe, expect, it } from 'vitest';
import {
  duplicate,
  fieldPath,
  forbidden,
  internalFieldError,
  invalidForEach,
  invalidValue,
  notFound,
  notSupported,
  renderValue,
  required,
  tooLong,
  tooMany,
  tooShort,
  typeInvalid,
} from './field-errors.ts';
import { goQuote } from './go-quote.ts';
import { invalid } from './status-error.ts';

const path = fieldPath('spec', 'containers').index(0).child('env').key('x');

describe('FieldPath', () => {
  it('API-314: members, indexes and keys', () => {
    expect(path.toString()).toBe('spec.containers[0].env[x]');
    expect(fieldPath('data').key('a.b').toString()).toBe('data[a.b]');
    expect(fieldPath('spec').child('a', 'b').toString()).toBe('spec.a.b');
  });
});

describe('field errors', () => {
  it.each([
    [
      invalidValue(path, -1, 'must be greater than or equal to 0'),
      'FieldValueInvalid',
      'Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      invalidValue(path, { app: 'web' }, '`selector` does not match template `labels`'),
      'FieldValueInvalid',
      'Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
    [invalidValue(path, undefined, 'x'), 'FieldValueInvalid', 'Invalid value: null: x'],
    [
      invalidValue(path, 'a\nb', 'invalid character U+000A (at position 1)'),
      'FieldValueInvalid',
      'Invalid value: "a\\nb": invalid character U+000A (at position 1)',
    ],
    [
      typeInvalid(path, 1, 'must be a string'),
      'FieldValueTypeInvalid',
      'Invalid value: 1: must be a string',
    ],
    [required(path), 'FieldValueRequired', 'Required value'],
    [required(path, 'must be set'), 'FieldValueRequired', 'Required value: must be set'],
    [duplicate(path, 'a'), 'FieldValueDuplicate', 'Duplicate value: "a"'],
    [notFound(path, 'v'), 'FieldValueNotFound', 'Not found: "v"'],
    [
      notSupported(path, 'RWO', ['ReadOnlyMany', 'ReadWriteMany']),
      'FieldValueNotSupported',
      'Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany"',
    ],
    [forbidden(path, 'no'), 'FieldValueForbidden', 'Forbidden: no'],
    [tooLong(path, 262144), 'FieldValueTooLong', 'Too long: may not be more than 262144 bytes'],
    [
      tooLong(path, 1, 'character'),
      'FieldValueTooLong',
      'Too long: may not be more than 1 character',
    ],
    [tooShort(path, 2), 'FieldValueTooShort', 'Too short: must be at least 2 characters'],
    [tooMany(path, 3, 2), 'FieldValueTooMany', 'Too many: 3: must have at most 2 items'],
    [internalFieldError(path, 'oops'), 'InternalError', 'Internal error: oops'],
  ])('API-314: %o', (error, reason, message) => {
    expect(error).toEqual({ reason, message, field: 'spec.containers[0].env[x]' });
  });

  it('API-314: values look as Go prints them', () => {
    expect(renderValue({ b: '1', a: '<2>' })).toBe('{"a":"\\u003c2\\u003e","b":"1"}');
    expect(renderValue({ Type: 'Recreate', RollingUpdate: null })).toBe(
      '{"Type":"Recreate","RollingUpdate":null}',
    );
    expect(renderValue(10n)).toBe('10');
    expect(goQuote('\u0007"\\\u00a0é\u200b\x7f')).toBe('"\\a\\"\\\\\\u00a0é\\u200b\\x7f"');
  });

  it('API-314: causes become the message of an Invalid status', () => {
    const causes = [
      ...invalidForEach('spec.replicas', -2, ['must be greater than or equal to 0']),
      invalidValue('spec.minReadySeconds', -3, 'must be greater than or equal to 0'),
    ];
    expect(invalid({ group: 'apps', kind: 'StatefulSet' }, 'web', causes).message).toBe(
      'StatefulSet.apps "web" is invalid: [spec.replicas: Invalid value: -2: must be greater than or equal to 0, spec.minReadySeconds: Invalid value: -3: must be greater than or equal to 0]',
    );
  });
});
