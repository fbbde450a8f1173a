// The way of a changed object from wanted to stored; used by PUT, PATCH and the subresources.
import { fieldPath, invalidValue } from '../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { conflict, invalid, OBJECT_MODIFIED, statusError } from '../../api/meta/status-error.ts';
import type { StatusCause } from '../../api/meta/status-error.ts';
import { signingApprovalRules } from '../../api/certificates/signing-request-rules.ts';
import type { KindRules, RuleContext } from '../../api/kind-rules.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { admit, mutate } from '../admission/admission.ts';
import { admissionRequest } from '../admission/admission-request.ts';
import type { AdmissionRequest, ObjectFace } from '../admission/admission-request.ts';
import { whenDone } from '../admission/when-done.ts';
import type { StoredObject } from '../api-request.ts';
import { changeObject } from '../registry/object-store.ts';
import type { Change } from '../registry/object-store.ts';
import { storedAt } from '../registry/stored-view.ts';
import { throwCauses } from './create-object.ts';
import { keepOwnerTimes, trackFields } from './field-tracking.ts';
import { targetOf } from './get.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { notUnsigned, parseResourceVersion } from './list-options.ts';
import { checkUid } from './preconditions.ts';

/**
 * How an update is prepared and checked: the main resource's rules, the status', or a subresource's
 * own.
 */
export interface UpdateStrategy {
  prepare(object: KubernetesObject, old: KubernetesObject, context: RuleContext): void;
  validate(object: KubernetesObject, old: KubernetesObject, context: RuleContext): StatusCause[];
  /** Default: no warnings. */
  warnings?(object: KubernetesObject, old: KubernetesObject): string[];
}

export interface UpdateOptions {
  readonly dryRun: boolean;
  readonly strategy: UpdateStrategy;
  /**
   * The wanted object, a private copy with its defaults, made from the newest state. Called again
   * when another write came between.
   */
  readonly want: (current: KubernetesObject) => KubernetesObject;
  /** True when `want` sets managedFields itself; else the request's manager gets what changes. */
  readonly tracked?: boolean;
  /** What webhooks and policies are shown instead of the object. */
  readonly shownAs?: ObjectFace & { readonly kind: ResourceDefinition };
  /** A uid in the wanted object is a precondition (PUT) instead of a change (PATCH). */
  readonly uidIsPrecondition: boolean;
}

export interface UpdateResult {
  readonly stored: StoredObject;
  readonly warnings: readonly string[];
}

/** The rules of the kind for the main resource or, for `/status`, its status. */
export function kindStrategy({ rules, info }: ResourceRequest): UpdateStrategy {
  // Approving a certificate writes conditions: a part of the status (API-709).
  if (info.subresource === 'approval') return statusStrategy(signingApprovalRules);
  return info.subresource === 'status' ? statusStrategy(rules) : mainStrategy(rules);
}

function statusStrategy(rules: KindRules): UpdateStrategy {
  return {
    prepare: (object, old, context) => rules.prepareForStatusUpdate(object, old, context),
    validate: (object, old, context) => rules.validateStatusUpdate(object, old, context),
    warnings: (object) => rules.statusWarnings(object),
  };
}

/** The rules of the kind for the main resource. */
export function mainStrategy(rules: KindRules): UpdateStrategy {
  return {
    prepare: (object, old, context) => rules.prepareForUpdate(object, old, context),
    validate: (object, old, context) => rules.validateUpdate(object, old, context),
    warnings: (object, old) => rules.warnings(object, old),
  };
}

/**
 * API-304 … API-307, API-930. Throws 403, 404, 409, 422, and 500 for a resourceVersion that is
 * none.
 */
export async function updateObject(
  context: HandlerContext,
  target: ResourceRequest,
  options: UpdateOptions,
): Promise<UpdateResult> {
  let wanted: KubernetesObject | undefined;
  let warnings: readonly string[] = [];
  let settle = () => {};
  const { dryRun } = options;
  const decide = (current: KubernetesObject): Change | Promise<Change> => {
    settle();
    const object = options.want(current);
    wanted = object;
    checkPreconditions(target, { object, current, options });
    const updated = { operation: 'update', object, old: current, dryRun } as const;
    const { shownAs: face } = options;
    const shown = face ? { face, kind: face.kind } : {};
    const request = admissionRequest(context, target, { ...updated, ...shown });
    if (!options.tracked) trackFields(context, target, { object, old: current });
    return whenDone(checkUpdate(request, options.strategy), (checked) => {
      ({ warnings, settle } = checked);
      return endsDeletion(object) ? { action: 'delete' } : { action: 'put', object };
    });
  };
  try {
    const result = await changeObject(context.store, targetOf(target), { decide, dryRun });
    const last = wanted && storedAt(wanted, Number(wanted.metadata.resourceVersion));
    return { stored: result.deleted && last ? last : result.stored, warnings };
  } finally {
    settle();
  }
}

interface CheckedUpdate {
  readonly warnings: readonly string[];
  /** Lets go of what was allocated for the object. */
  readonly settle: () => void;
}

function checkUpdate(
  request: AdmissionRequest,
  strategy: UpdateStrategy,
): CheckedUpdate | Promise<CheckedUpdate> {
  return whenDone(mutate(request), () => checkMutated(request, strategy));
}

function checkMutated(
  request: AdmissionRequest,
  strategy: UpdateStrategy,
): CheckedUpdate | Promise<CheckedUpdate> {
  const { context, target, object, old } = request;
  const current = old ?? object;
  const ruleContext = ruleContextAt(context);
  keepOwnerTimes(object, current);
  strategy.prepare(object, current, ruleContext);
  throwCauses(target, object, strategy.validate(object, current, ruleContext));
  const allocation = context.serviceAllocator.allocate(target, object, current);
  const refused = (error: unknown): never => {
    allocation.settle();
    throw error;
  };
  const checked = (): CheckedUpdate => ({
    warnings: [...(strategy.warnings?.(object, current) ?? []), ...request.warnings],
    settle: () => allocation.settle(),
  });
  try {
    const admitted = admit(request);
    return admitted ? admitted.then(checked, refused) : checked();
  } catch (error) {
    return refused(error);
  }
}

function checkPreconditions(
  target: ResourceRequest,
  {
    object,
    current,
    options,
  }: {
    object: KubernetesObject;
    current: KubernetesObject;
    options: UpdateOptions;
  },
): void {
  const { resource, rules } = target;
  const { metadata } = object;
  const name = target.info.name;
  if (options.uidIsPrecondition) checkUid(targetOf(target), metadata.uid, current);
  const version = metadata.resourceVersion ?? '';
  const asked = parseResourceVersion(version);
  if (asked === undefined) throw statusError('', notUnsigned(version));
  if (asked === 0 && !rules.unconditionalUpdate) {
    const path = fieldPath('metadata').child('resourceVersion');
    const cause = invalidValue(path, 0, 'must be specified for an update');
    throw invalid({ group: resource.group, kind: resource.resource }, name, [cause]);
  }
  if (asked !== 0 && version !== current.metadata.resourceVersion) {
    throw conflict(resource, name, OBJECT_MODIFIED);
  }
  metadata.resourceVersion = current.metadata.resourceVersion;
}

/** API-408: the last finalizer of an object being deleted has gone, and its grace is over. */
function endsDeletion(object: KubernetesObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) return false;
  const { spec } = object as { spec?: { finalizers?: readonly string[] } };
  const isNamespace = object.kind === 'Namespace' && object.apiVersion === 'v1';
  if (isNamespace && (spec?.finalizers ?? []).length > 0) return false;
  return deletionGracePeriodSeconds === 0;
}
