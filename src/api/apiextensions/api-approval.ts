// Groups of Kubernetes itself, `*.k8s.io` and `*.kubernetes.io`, need to be approved (API-1006).
import type { StatusCause } from '../generated/types.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import type { CustomResourceDefinition } from '../generated/types.ts';

const ANNOTATION = 'api-approved.kubernetes.io';
const PULL = 'https://github.com/kubernetes/kubernetes/pull/78458';

export interface Approval {
  readonly state: 'approved' | 'bypassed' | 'invalid' | 'missing';
  /** Why, in upstream's words. */
  readonly reason: string;
}

/** True for groups that belong to the Kubernetes community. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

/** What the annotation of a definition says. */
export function approvalOf({ metadata }: CustomResourceDefinition): Approval {
  const value = metadata.annotations?.[ANNOTATION];
  if (value === undefined) {
    const reason = `protected groups must have approval annotation "${ANNOTATION}", see ${PULL}`;
    return { state: 'missing', reason };
  }
  if (value.startsWith('unapproved')) {
    return { state: 'bypassed', reason: `not approved: ${JSON.stringify(value)}` };
  }
  if (URL.canParse(value) && new URL(value).host !== '') {
    return { state: 'approved', reason: `approved in ${value}` };
  }
  const reason =
    `protected groups must have approval annotation "${ANNOTATION}" ` +
    `with either a URL or a reason starting with "unapproved", see ${PULL}`;
  return { state: 'invalid', reason };
}

/** The causes against a definition in a protected group; what has not changed passes. */
export function* checkApproval(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): Iterable<StatusCause> {
  if (!isProtectedGroup(definition.spec.group)) return;
  const { state, reason } = approvalOf(definition);
  if (old && approvalOf(old).state === state) return;
  const path = fieldPath('metadata', 'annotations').key(ANNOTATION);
  if (state === 'missing') yield required(path, reason);
  if (state === 'invalid') {
    yield invalidValue(path, definition.metadata.annotations?.[ANNOTATION] ?? '', reason);
  }
}
