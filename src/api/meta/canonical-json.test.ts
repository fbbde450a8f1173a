import { describe, expect, it } from 'vitest';
import { canonicalJson, compareBytewise } from './canonical-json.ts';
import { fnv128a, fnv32, safeEncode } from './fnv.ts';

describe('canonicalJson', () => {
  it('SS-512: keys are sorted bytewise and there is no white space', () => {
    expect(canonicalJson({ b: [1, { d: null, c: true }], a: 'x', B: undefined })).toBe(
      '{"a":"x","b":[1,{"c":true,"d":null}]}',
    );
    // U+FF5E sorts before U+1F600 in UTF-8 though not in UTF-16.
    expect(canonicalJson({ '\u{1f600}': 1, '\uff5e': 2 })).toBe('{"\uff5e":2,"\u{1f600}":1}');
    expect(compareBytewise('a', 'ab')).toBeLessThan(0);
  });

  it("SS-512: escapes are those of Go's encoder", () => {
    expect(canonicalJson('<a>&"\u2028\u2029\n\t\u0001é')).toBe(
      '"\\u003ca\\u003e\\u0026\\"\\u2028\\u2029\\n\\t\\u0001é"',
    );
    expect(canonicalJson('\ud800x')).toBe('"\ufffdx"');
    expect(canonicalJson([1.5, 1e21, 1e-7, -0])).toBe('[1.5,1e+21,1e-7,-0]');
  });

  it('SS-514: the vector of the specification', () => {
    const data = canonicalJson({
      spec: {
        template: {
          spec: { containers: [{ name: 'c', image: 'nginx' }] },
          metadata: { labels: { app: 'web' } },
          $patch: 'replace',
        },
      },
    });
    expect(data).toBe(
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"nginx","name":"c"}]}}}}',
    );
    expect(fnv32(`${data}0`)).toBe(1906027177);
    expect(safeEncode(String(fnv32(`${data}0`)))).toBe('5f4b46c5cc');
    expect(safeEncode(String(fnv32(`${data}1`)))).toBe('5f4b46c5cb');
  });

  it('FNV-1a of 128 bits has the published values', () => {
    expect(fnv128a('').toString(16)).toBe('6c62272e07bb014262b821756295c58d');
    expect(fnv128a('a').toString(16)).toBe('d228cb696f1a8caf78912b704e4a8964');
  });

  it('SS-513: the ten digits of a name', () => {
    expect(safeEncode('0123456789')).toBe('456789bcdf');
  });
});
