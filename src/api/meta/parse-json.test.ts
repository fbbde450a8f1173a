import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersIfDuplicate, parseJson } from './parse-json.ts';
import { parseYaml } from './parse-yaml.ts';

describe('parseJson', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"kind"', 'unexpected end of JSON input'],
    ['{"data": ', 'unexpected end of JSON input'],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['{"kind":"ConfigMap"} x', "invalid character 'x' after top-level value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['tru]', "invalid character ']' in literal true (expecting 'e')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"abc', 'unexpected end of JSON input'],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ])('API-319: %j is refused in the words of Go', (text, message) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ message }));
  });

  it('API-319: nesting without bound is refused, not walked', () => {
    expect(() => parseJson('['.repeat(500_000))).toThrow('exceeded max depth');
    expect(() => parseJson('{"not":'.repeat(2000) + '1' + '}'.repeat(2000))).toThrow('depth');
  });

  it('API-102: what the engine reads, it gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('API-319: whatever the engine refuses, the slow scan refuses too', () => {
    const texts = fc.array(fc.constantFrom('{', '}', '[', ']', '"a"', ':', ',', '1', 'true', ' '));
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        let accepted = true;
        try {
          JSON.parse(text);
        } catch {
          accepted = false;
        }
        if (accepted) return;
        expect(() => parseJson(text)).toThrow(/^(invalid character|unexpected end)/);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('membersIfDuplicate', () => {
  it('API-921: a text without duplicates has no members to look at', () => {
    const text = '{"a":{"b":[1,{"c":"x:y"}]},"d":"\\":"}';
    expect(membersIfDuplicate(text, JSON.parse(text))).toEqual([]);
  });

  it('API-921: duplicates have their paths, in the order of the text', () => {
    const text = '{"a":1,"b":[{"c":1},{"c":1,"c":2}],"a":2}';
    const duplicates = membersIfDuplicate(text, JSON.parse(text)).filter((m) => m.duplicate);
    expect(duplicates.map(({ path }) => path)).toEqual([['b', 1, 'c'], ['a']]);
  });
});

describe('parseYaml', () => {
  it('API-103: the rules of YAML 1.1 hold', () => {
    const text = '# note\nkind: ConfigMap\ndata:\n  n: yes\n  m: 0777\n  t: 2024-01-01\n  x: 1_0\n';
    expect(parseYaml(text).value).toEqual({
      kind: 'ConfigMap',
      data: { false: true, m: 511, t: '2024-01-01', x: 10 },
    });
  });

  it('API-103: only the first document counts', () => {
    expect(parseYaml('a: 1\n---\na: 2\n')).toEqual({ value: { a: 1 }, duplicates: [] });
    expect(parseYaml('').value).toBeNull();
  });

  it('API-921: keys that stand twice are named with their line', () => {
    const { value, duplicates } = parseYaml('data:\n  a: "1"\n  a: "2"\ndta: {}\n');
    expect(value).toEqual({ data: { a: '2' }, dta: {} });
    expect(duplicates).toEqual(['line 3: key "a" already set in map']);
  });

  it('API-103: merge keys work, aliases cannot explode', () => {
    expect(parseYaml('b: &b {x: 1}\nc:\n  <<: *b\n  z: 2\n').value).toEqual({
      b: { x: 1 },
      c: { x: 1, z: 2 },
    });
    const levels = Array.from(
      { length: 9 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`,
    );
    expect(() => parseYaml(`a0: &a0 [x]\n${levels.join('\n')}\n`)).toThrow(/^yaml: /);
  });

  it('API-319: a broken text names its line', () => {
    for (const [text, words] of [
      ['a: [1,', 'line 1: did not find expected node content'],
      ['a: {b: 1', "line 1: did not find expected ',' or '}'"],
      ['a: b: c', 'mapping values are not allowed in this context'],
      ['a: "x', 'found unexpected end of stream'],
    ] as const) {
      expect(() => parseYaml(text)).toThrow(`yaml: ${words}`);
    }
  });
});
