// format.*: named formats of Kubernetes; semver(): versions; math.*: greatest and least.
import { stringFormat } from '../../apiextensions/formats.ts';
import {
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '../../meta/names.ts';
import { celEngine } from '../cel-engine.ts';
import { CelRunError } from './library.ts';
import type { CelLibrary } from './library.ts';

class NamedFormat {
  readonly check: (text: string) => string[];

  constructor(check: (text: string) => string[]) {
    this.check = check;
  }
}

function prefixed(check: (text: string) => string[]) {
  return (text: string) => check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function known(name: string, message: string) {
  return (text: string) => (stringFormat(name)?.(text) === false ? [message] : []);
}

const checks: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: validateDns1123Label,
  dns1123Subdomain: validateDns1123Subdomain,
  dns1035Label: validateDns1035Label,
  qualifiedName: validateQualifiedName,
  dns1123LabelPrefix: prefixed(validateDns1123Label),
  dns1123SubdomainPrefix: prefixed(validateDns1123Subdomain),
  dns1035LabelPrefix: prefixed(validateDns1035Label),
  labelValue: validateLabelValue,
  uri: known('uri', 'invalid URI'),
  uuid: known('uuid', 'does not match the UUID format'),
  byte: known('byte', 'invalid base64'),
  date: known('date', 'invalid date'),
  datetime: known('datetime', 'invalid datetime'),
};

class FormatNamespace {}

const F = 'kubernetes.NamedFormat';
const FN = 'FormatNamespace';

function validate({ check }: NamedFormat, text: string) {
  const { Optional } = celEngine();
  const messages = check(text);
  return messages.length === 0 ? Optional.none() : Optional.of(messages);
}

function namedFormat(_: FormatNamespace, name: string) {
  const { Optional } = celEngine();
  const check = checks[name];
  return check ? Optional.of(new NamedFormat(check)) : Optional.none();
}

export const namedFormats: CelLibrary = {
  types: [
    [F, NamedFormat],
    [FN, FormatNamespace],
  ],
  namespaces: { format: [FN, new FormatNamespace()] },
  functions: [
    ...Object.entries(checks).map(
      ([name, check]) => [`${FN}.${name}(): ${F}`, () => new NamedFormat(check)] as const,
    ),
    [`${FN}.named(string): optional<${F}>`, namedFormat],
    [`${F}.validate(string): optional<list<string>>`, validate],
  ],
};

class CelVersion {
  readonly numbers: readonly bigint[];
  readonly pre: string;

  constructor(numbers: readonly bigint[], pre: string) {
    this.numbers = numbers;
    this.pre = pre;
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
  const [, core = '', rest = ''] = /^v?([\d.]*)(.*)$/.exec(text) ?? [];
  const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest;
}

function parseVersion(text: string, normalize = false): CelVersion {
  const version = versionOf(text, normalize);
  if (!version) throw new CelRunError(`No Major.Minor.Patch elements found`);
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

export const versions: CelLibrary = {
  types: [[V, CelVersion]],
  functions: [
    [`semver(string): ${V}`, (text: string) => parseVersion(text)],
    [`semver(string, bool): ${V}`, parseVersion],
    ['isSemver(string): bool', (text: string) => versionOf(text) !== undefined],
    [
      'isSemver(string, bool): bool',
      (text: string, loose: boolean) => versionOf(text, loose) !== undefined,
    ],
    [`${V}.major(): int`, (one: CelVersion) => one.numbers[0] ?? 0n],
    [`${V}.minor(): int`, (one: CelVersion) => one.numbers[1] ?? 0n],
    [`${V}.patch(): int`, (one: CelVersion) => one.numbers[2] ?? 0n],
    [`${V}.isGreaterThan(${V}): bool`, (...two: Two) => compareVersions(...two) > 0],
    [`${V}.isLessThan(${V}): bool`, (...two: Two) => compareVersions(...two) < 0],
    [`${V}.compareTo(${V}): int`, (...two: Two) => BigInt(compareVersions(...two))],
  ],
};

class MathNamespace {}

const M = 'MathNamespace';
type Numeric = bigint | number;

function greatest(_: MathNamespace, ...values: Numeric[]): Numeric {
  return values.reduce((best, value) => (value > best ? value : best));
}

function least(_: MathNamespace, ...values: Numeric[]): Numeric {
  return values.reduce((best, value) => (value < best ? value : best));
}

function variants(type: string) {
  return [1, 2, 3, 4].flatMap((count) => {
    const parameters = Array<string>(count).fill(type).join(', ');
    return [
      [`${M}.greatest(${parameters}): ${type}`, greatest] as const,
      [`${M}.least(${parameters}): ${type}`, least] as const,
    ];
  });
}

export const mathematics: CelLibrary = {
  types: [[M, MathNamespace]],
  namespaces: { math: [M, new MathNamespace()] },
  functions: [
    ...variants('int'),
    ...variants('double'),
    [
      `${M}.greatest(list<A>): A`,
      (self: MathNamespace, list: Numeric[]) => greatest(self, ...list),
    ],
    [`${M}.least(list<A>): A`, (self: MathNamespace, list: Numeric[]) => least(self, ...list)],
    [`${M}.abs(int): int`, (_: MathNamespace, value: bigint) => (value < 0n ? -value : value)],
    [`${M}.abs(double): double`, (_: MathNamespace, value: number) => Math.abs(value)],
    [`${M}.ceil(double): double`, (_: MathNamespace, value: number) => Math.ceil(value)],
    [`${M}.floor(double): double`, (_: MathNamespace, value: number) => Math.floor(value)],
  ],
};
