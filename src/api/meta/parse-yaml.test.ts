import { describe, expect, test } from 'vitest';
import { parseYaml } from './parse-yaml.ts';

describe('API-103: YAML', () => {
  test.each([
    ['a: yes', { a: true }],
    ['a: 010', { a: 8 }],
    ['a: 2020-01-01', { a: '2020-01-01' }],
    ['a: 1\n---\nb: 2', { a: 1 }],
    ['# nothing', null],
  ])('%j is read by the rules of version 1.1', (text, value) => {
    expect(parseYaml(text).value).toEqual(value);
  });

  test.each([
    ['a: b: c', 'yaml: mapping values are not allowed in this context'],
    ['a: 1\n b: 2', 'yaml: line 2: mapping values are not allowed in this context'],
    ['x: 1\nfoo\nbar: 2', "yaml: line 3: could not find expected ':'"],
    ['a:\n  b: 1\n c: 2', 'yaml: line 2: did not find expected key'],
    ['a: {', 'yaml: line 1: did not find expected node content'],
    ['x: 1\ny: [\n', 'yaml: line 2: did not find expected node content'],
    ['x: 1\ny: [a\n', "yaml: line 2: did not find expected ',' or ']'"],
    ['a: "x', 'yaml: found unexpected end of stream'],
    ['x: 1\na: "x', 'yaml: line 2: found unexpected end of stream'],
    ['- a\nb: 1', "yaml: line 1: did not find expected '-' indicator"],
    ['a: b\n\tc: d', 'yaml: line 2: found character that cannot start any token'],
    ['a: - b', 'yaml: block sequence entries are not allowed in this context'],
    ['a: *none', "yaml: unknown anchor 'none' referenced"],
    ['a: .nan', 'json: unsupported value: NaN'],
    ['- -.inf', 'json: unsupported value: -Inf'],
    ['a: "\\ud800"', 'yaml: found invalid Unicode character escape code'],
    ['"a\\udc00b": 1', 'yaml: found invalid Unicode character escape code'],
    ['a: &x {b: [*x]}', "yaml: anchor 'x' value contains itself"],
  ])('%j is refused in the words of the reference', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });
});
