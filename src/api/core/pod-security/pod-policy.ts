// Pod security levels of a namespace, read off its labels (pod-security.kubernetes.io/…).
import { fieldPath, invalidValue } from '../../meta/field-errors.ts';
import type { StatusCause } from '../../meta/status-error.ts';

export type SecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** A level as of a minor version of Kubernetes 1; Infinity is the latest. */
export interface PodPolicy {
  readonly level: SecurityLevel;
  readonly minor: number;
}

export interface PodPolicies {
  readonly enforce: PodPolicy;
  readonly audit: PodPolicy;
  readonly warn: PodPolicy;
  /** What is wrong with the labels. */
  readonly causes: readonly StatusCause[];
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const PRIVILEGED: PodPolicy = { level: 'privileged', minor: Infinity };
const NOTHING: PodPolicies = {
  enforce: PRIVILEGED,
  audit: PRIVILEGED,
  warn: PRIVILEGED,
  causes: [],
};

/** Negative, zero or positive as the left level is less, as or more strict. */
export function compareLevels(left: SecurityLevel, right: SecurityLevel): number {
  return LEVELS.indexOf(left) - LEVELS.indexOf(right);
}

/** `baseline:latest`, `restricted:v1.30`. */
export function policyText({ level, minor }: PodPolicy): string {
  return `${level}:${minor === Infinity ? 'latest' : `v1.${minor}`}`;
}

export function samePolicy(left: PodPolicy, right: PodPolicy): boolean {
  return left.level === right.level && left.minor === right.minor;
}

/**
 * What the labels ask for. A level that is none counts as restricted when it is to be enforced, and
 * as privileged otherwise; a version that is none as the latest.
 */
export function podPolicies(labels: Readonly<Record<string, string>> | undefined): PodPolicies {
  if (!labels) return NOTHING;
  const causes: StatusCause[] = [];
  const read = (mode: string, otherwise: SecurityLevel): PodPolicy => ({
    level: readLevel(labels, { key: PREFIX + mode, otherwise, causes }),
    minor: readVersion(labels, `${PREFIX}${mode}-version`, causes),
  });
  const enforce = read('enforce', 'restricted');
  const audit = read('audit', 'privileged');
  const warn = read('warn', 'privileged');
  return { enforce, audit, warn: warnAsEnforced(labels, { enforce, warn }), causes };
}

interface LevelLabel {
  readonly key: string;
  readonly otherwise: SecurityLevel;
  readonly causes: StatusCause[];
}

function readLevel(
  labels: Readonly<Record<string, string>>,
  { key, otherwise, causes }: LevelLabel,
): SecurityLevel {
  const text = labels[key];
  if (text === undefined) return 'privileged';
  if (isLevel(text)) return text;
  causes.push(invalidValue(labelPath(key), text, `must be one of ${LEVELS.join(', ')}`));
  return otherwise;
}

function isLevel(text: string): text is SecurityLevel {
  return LEVELS.includes(text);
}

function readVersion(
  labels: Readonly<Record<string, string>>,
  key: string,
  causes: StatusCause[],
): number {
  const text = labels[key];
  if (text === undefined || text === 'latest') return Infinity;
  const minor = /^v1\.(\d|[1-9]\d*)$/.exec(text)?.[1];
  if (minor !== undefined) return Number(minor);
  causes.push(invalidValue(labelPath(key), text, 'must be "latest" or "v1.x"'));
  return Infinity;
}

function labelPath(key: string) {
  return fieldPath('metadata', 'labels').key(key);
}

/** Without a label of its own, people are warned of what is enforced. */
function warnAsEnforced(
  labels: Readonly<Record<string, string>>,
  { enforce, warn }: { enforce: PodPolicy; warn: PodPolicy },
): PodPolicy {
  const isValid = isLevel(labels[`${PREFIX}enforce`] ?? '');
  if (labels[`${PREFIX}warn`] !== undefined || !isValid) return warn;
  if (compareLevels(enforce.level, warn.level) <= 0) return warn;
  const hasVersion = labels[`${PREFIX}warn-version`] !== undefined;
  return { level: enforce.level, minor: hasVersion ? warn.minor : enforce.minor };
}
