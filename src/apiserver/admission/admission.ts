// Built-in admission (API-931): steps that complete or refuse a write, each in its own file, in the
// order of the lists below. They only read the store, so a write stays one turn of the event loop;
// webhooks that are configured come after them.
import { StatusError } from '../../api/meta/status-error.ts';
import type { AdmissionRequest, AdmissionStep } from './admission-request.ts';
import { certificateRights } from './certificates.ts';
import { claimResize } from './claim-resize.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { limitBounds, limitDefaults } from './limit-ranger.ts';
import { immortalNamespaces, namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { nodeTaint } from './node-taint.ts';
import { podSecurity } from './pod-security.ts';
import { onlyDefaultPriority, priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { overheadOfClass, runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { checkExpressions } from './policies/check-expressions.ts';
import { mutateByPolicies } from './policies/mutating-policies.ts';
import { validateByPolicies } from './policies/validating-policies.ts';
import { mutateByWebhooks } from './webhooks/mutating-webhooks.ts';
import { validateByWebhooks } from './webhooks/validating-webhooks.ts';
import { whenDone } from './when-done.ts';
import { storageProtection } from './storage-protection.ts';

const mutatingSteps: readonly AdmissionStep[] = [
  namespaceLifecycle,
  limitDefaults,
  serviceAccount,
  nodeTaint,
  priority,
  defaultTolerations,
  defaultStorageClass,
  storageProtection,
  runtimeClass,
  defaultIngressClass,
  rbacEscalation,
];

const validatingSteps: readonly AdmissionStep[] = [
  immortalNamespaces,
  limitBounds,
  podSecurity,
  onlyDefaultPriority,
  overheadOfClass,
  claimResize,
  certificateRights,
];

/**
 * Before defaults are final and before validation. Answers with a promise only when somebody
 * outside is asked.
 */
export function mutate(request: AdmissionRequest): void | Promise<void> {
  const own = () => {
    if (request.operation === 'delete' || request.kind) return;
    for (const step of mutatingSteps) step(request);
  };
  const again = () => {
    own();
    return whenDone(mutateByPolicies(request, { again: true }), () => undefined);
  };
  return withWarnings(request, () => {
    nodeRestriction(request);
    own();
    return whenDone(mutateByPolicies(request, { again: false }), (changed) => {
      if (changed) own();
      return mutateByWebhooks(request, again);
    });
  });
}

/** After validation; answers as mutate does. Quotas come last: what is charged is to be stored. */
export function admit(request: AdmissionRequest): void | Promise<void> {
  return withWarnings(request, () => {
    if (!request.kind) for (const step of validatingSteps) step(request);
    const checked = checkExpressions(request);
    const byPolicies = whenDone(checked, () => validateByPolicies(request));
    const byWebhooks = whenDone(byPolicies, () => validateByWebhooks(request));
    return whenDone(byWebhooks, () => {
      if (!request.kind) resourceQuota(request);
    });
  });
}

/** A refusal brings the warnings along (API-114). */
function withWarnings(
  { warnings }: AdmissionRequest,
  work: () => void | Promise<void>,
): void | Promise<void> {
  const refused = (error: unknown): never => {
    if (error instanceof StatusError) error.warnings = [...error.warnings, ...warnings];
    throw error;
  };
  try {
    const pending = work();
    return pending instanceof Promise ? pending.catch(refused) : undefined;
  } catch (error) {
    return refused(error);
  }
}
