// All checks of a pod security level.
import { baselineChecks } from './baseline-checks.ts';
import type { CheckedPod, Finding, PodCheck } from './pod-check.ts';
import type { PodPolicy } from './pod-policy.ts';
import { restrictedChecks } from './restricted-checks.ts';

/** What the policy has against the pod; empty when it is allowed. */
export function checkPod({ level, minor }: PodPolicy, pod: CheckedPod): Finding[] {
  return checksOf(level, minor).flatMap((check) => check.find(pod, minor) ?? []);
}

/** Baseline first, without what the level restricted has a stricter check for. */
function checksOf(level: PodPolicy['level'], minor: number): PodCheck[] {
  if (level === 'privileged') return [];
  const known = ({ since = 0 }: PodCheck) => since <= minor;
  const baseline = baselineChecks.filter(known);
  if (level === 'baseline') return baseline;
  const restricted = restrictedChecks.filter(known);
  const overridden = restricted.map(({ overrides }) => overrides);
  return [...baseline.filter(({ id }) => !overridden.includes(id)), ...restricted];
}

/** `host namespaces (hostPID=true), privileged (…)`. */
export function findingsDetail(findings: readonly Finding[]): string {
  return findings.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

/** `host namespaces, privileged`. */
export function findingsReason(findings: readonly Finding[]): string {
  return findings.map(({ reason }) => reason).join(', ');
}
