// Tells in the status of validating admission policies which of their expressions do not fit the
// types of what they match.
import type { Schema } from '../../api/apiextensions/structural-schema.ts';
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
} from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { validatingPolicies } from '../../api/other-resources.ts';
import { groupVersion, type ResourceDefinition } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { checkPolicy, type TypedKind } from './plan/check-policy.ts';
import { typesToCheck } from './plan/types-to-check.ts';

/** What is served, as discovery and OpenAPI tell it. */
export interface ServedTypes {
  /** All resources, those of definitions included. */
  resources(): readonly ResourceDefinition[];
  /** The schema of a resource's objects, if there is one. */
  schemaOf(resource: ResourceDefinition): Promise<Schema | undefined>;
  /** Resolves when expressions can be compiled. */
  loadExpressions(): Promise<void>;
}

const MANAGER = 'validatingadmissionpolicy-status';

/** Upstream's validatingadmissionpolicy-status-controller. */
export function createPolicyStatusController(
  context: ControllerContext,
  served: ServedTypes,
): Runnable {
  const { client, informers, clock, logger } = context;
  const informer = informers.informer(validatingPolicies);
  const tell = async (policy: ValidatingAdmissionPolicy, warnings: ExpressionWarning[]) => {
    const name = nameOf(policy);
    const body = {
      apiVersion: groupVersion(validatingPolicies),
      kind: validatingPolicies.kind,
      metadata: { name },
      status: {
        observedGeneration: policy.metadata.generation ?? 0,
        typeChecking: warnings.length === 0 ? {} : { expressionWarnings: warnings },
      },
    };
    const options = { fieldManager: MANAGER, force: true };
    const patch = { type: 'apply' as const, body };
    await client
      .resource(validatingPolicies)
      .patch({ name, subresource: 'status' }, patch, options);
  };
  const controller = createController({
    name: MANAGER,
    informers: [informer],
    clock,
    logger,
    async reconcile(name) {
      const policy = informer.lister.get({ name });
      if (!policy) return;
      const { metadata, spec = {}, status } = policy;
      if ((metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)) return;
      await served.loadExpressions();
      const warnings = checkPolicy(spec, await typesOf(spec, served));
      try {
        await tell(policy, warnings);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
  const enqueue = (policy: ValidatingAdmissionPolicy) => controller.enqueue(nameOf(policy));
  const unsubscribe = informer.addEventHandler({
    add: enqueue,
    update: (_previous, policy) => enqueue(policy),
    delete: () => {},
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}

async function typesOf(spec: ValidatingAdmissionPolicySpec, served: ServedTypes) {
  const all = served.resources();
  const { apiVersion = '', kind = '' } = spec.paramKind ?? {};
  const paramKind = all.find((one) => one.kind === kind && groupVersion(one) === apiVersion);
  const objects = await Promise.all(typesToCheck(spec, all).map((one) => typed(one, served)));
  return {
    objects: objects.filter((one) => one !== undefined),
    params: paramKind && (await typed(paramKind, served)),
  };
}

async function typed(
  resource: ResourceDefinition,
  served: ServedTypes,
): Promise<TypedKind | undefined> {
  const schema = await served.schemaOf(resource);
  const { group, version, kind } = resource;
  return schema && { group, version, kind, schema };
}
