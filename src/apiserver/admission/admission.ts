// Built-in admission (API-931): steps that complete or refuse a write, each in its own file, in the
// order of the lists below. They only read the store, so a write stays one turn of the event loop.
import type { AdmissionRequest, AdmissionStep } from './admission-request.ts';
import { claimResize } from './claim-resize.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { limitBounds, limitDefaults } from './limit-ranger.ts';
import { immortalNamespaces, namespaceLifecycle } from './namespace-lifecycle.ts';
import { podSecurity } from './pod-security.ts';
import { onlyDefaultPriority, priority } from './priority.ts';
import { rbacEscalation } from './rbac-escalation.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageProtection } from './storage-protection.ts';

const mutatingSteps: readonly AdmissionStep[] = [
  namespaceLifecycle,
  limitDefaults,
  serviceAccount,
  priority,
  defaultTolerations,
  defaultStorageClass,
  storageProtection,
  runtimeClass,
  rbacEscalation,
];

const validatingSteps: readonly AdmissionStep[] = [
  immortalNamespaces,
  limitBounds,
  podSecurity,
  onlyDefaultPriority,
  claimResize,
];

/**
 * Before defaults are final and before validation. Answers with a promise only when somebody
 * outside is asked.
 */
export function mutate(request: AdmissionRequest): void | Promise<void> {
  if (request.operation === 'delete') return undefined;
  for (const step of mutatingSteps) step(request);
  return undefined;
}

/** After validation; answers as mutate does. */
export function admit(request: AdmissionRequest): void | Promise<void> {
  for (const step of validatingSteps) step(request);
  resourceQuota(request);
  return undefined;
}
