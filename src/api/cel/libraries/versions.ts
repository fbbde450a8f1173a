// semver(): versions with major, minor and patch.
import type { Declaration } from '../language/declarations.ts';
import { structOf } from '../language/types.ts';
import { CelObject, CelRunError } from '../language/values.ts';

class CelVersion extends CelObject {
  readonly celType = structOf('kubernetes.Semver');
  readonly numbers: readonly bigint[];
  readonly pre: string;

  constructor(numbers: readonly bigint[], pre: string) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }

  override equals(other: this): boolean {
    return compareVersions(this, other) === 0;
  }
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*))?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/; // prettier-ignore

function versionOf(text: string, normalize = false): CelVersion | undefined {
  const match = SEMVER.exec(normalize ? normalized(text) : text);
  return match ? new CelVersion(match.slice(1, 4).map(BigInt), match[4] ?? '') : undefined;
}

/** `v1.2` → `1.2.0`, and no leading zeros. */
function normalized(text: string): string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.');
  const patch = rest.length > 0 ? rest.join('.') : undefined;
  const isShort = minor === undefined || patch === undefined;
  if (isShort && /[+-]/.test(minor ?? major)) return '';
  return [major, minor ?? '0', patch ?? '0'].map((part) => part.replace(/^0+(?=\d)/, '')).join('.');
}

function parseVersion(text: string, normalize = false): CelVersion {
  const version = versionOf(text, normalize);
  if (!version) throw new CelRunError('No Major.Minor.Patch elements found');
  return version;
}

function compareVersions(left: CelVersion, right: CelVersion): number {
  for (const [index, number] of left.numbers.entries()) {
    const other = right.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (left.pre === right.pre) return 0;
  if (left.pre === '' || right.pre === '') return left.pre === '' ? 1 : -1;
  return comparePre(left.pre.split('.'), right.pre.split('.'));
}

function comparePre(left: readonly string[], right: readonly string[]): number {
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOther] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    if (isNumber) return BigInt(part) < BigInt(other) ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return left.length === right.length ? 0 : -1;
}

const V = 'kubernetes.Semver';
type Two = [CelVersion, CelVersion];

function isVersion(text: string, normalize = false): boolean {
  return versionOf(text, normalize) !== undefined;
}

function numberAt(index: number) {
  return ({ numbers }: CelVersion) => numbers[index] ?? 0n;
}

export const versions: readonly Declaration[] = [
  ['semver', 'string_to_semver', `(string) -> ${V}`, (text: string) => parseVersion(text)],
  ['semver', 'string_bool_to_semver', `(string, bool) -> ${V}`, parseVersion],
  ['isSemver', 'is_semver_string', '(string) -> bool', (text: string) => isVersion(text)],
  ['isSemver', 'is_semver_string_bool', '(string, bool) -> bool', isVersion],
  ['isGreaterThan', 'semver_is_greater_than', `${V}.(${V}) -> bool`, (...two: Two) => compareVersions(...two) > 0],
  ['isLessThan', 'semver_is_less_than', `${V}.(${V}) -> bool`, (...two: Two) => compareVersions(...two) < 0],
  ['compareTo', 'semver_compare_to', `${V}.(${V}) -> int`, (...two: Two) => BigInt(compareVersions(...two))],
  ['major', 'semver_major', `${V}.() -> int`, numberAt(0)],
  ['minor', 'semver_minor', `${V}.() -> int`, numberAt(1)],
  ['patch', 'semver_patch', `${V}.() -> int`, numberAt(2)],
]; // prettier-ignore
