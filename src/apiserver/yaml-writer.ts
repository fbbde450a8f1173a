// Replies in YAML, written as Go's library writes them. Loaded when first asked for: the parser
// behind it is large.
import { stringify, type Tags } from 'yaml';

/** `value` as a YAML document: keys in order, lists not indented, long texts folded. */
export function encodeYaml(value: object): string {
  // Shared values are written out each time, as Go does, which knows no aliases here.
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    indentSeq: false,
    lineWidth: 80,
    customTags: (tags) => tags.map(withoutLonePoint),
  });
}

const FLOAT = 'tag:yaml.org,2002:float';

/** YAML 1.1 takes a lone point for a number; Go does not, and managed fields are full of them. */
function withoutLonePoint(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || tag.tag !== FLOAT || tag.test?.test('.') !== true) return tag;
  return { ...tag, test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)$/ } as typeof tag;
}
