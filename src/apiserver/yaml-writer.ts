// Replies in YAML, written as Go's library writes them. Loaded when first asked for: the parser
// behind it is large.
import { stringify } from 'yaml';

/** `value` as a YAML document: keys in order, lists not indented, long texts folded. */
export function encodeYaml(value: object): string {
  // Shared values are written out each time, as Go does, which knows no aliases here.
  return stringify(value, {
    version: '1.1',
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    indentSeq: false,
    lineWidth: 80,
    singleQuote: null,
  });
}
