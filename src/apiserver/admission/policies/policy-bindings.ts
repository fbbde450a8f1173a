// Which policies with which bindings and parameters a request meets.
import type {
  MatchCondition,
  MatchResources,
  ParamKind,
  ParamRef,
  Variable,
} from '../../../api/generated/types.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { collectionPrefix } from '../../registry/object-keys.ts';
import { listObjects } from '../../registry/object-store.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { scopeOf, withVariables } from '../expressions.ts';
import type { ExpressionScope } from '../expressions.ts';
import { conditionsHold } from '../match-conditions.ts';
import { matchRequest } from '../match-request.ts';
import type { Matched } from '../match-request.ts';
import { paramsOf, PolicyConfigurationError, resourceOfKind } from './policy-params.ts';

/** What policies of both kinds have in common. */
export interface Policy extends KubernetesObject {
  spec?:
    | {
        failurePolicy?: string | undefined;
        matchConditions?: MatchCondition[] | undefined;
        matchConstraints?: MatchResources | undefined;
        paramKind?: ParamKind | undefined;
        variables?: Variable[] | undefined;
      }
    | undefined;
}

export interface PolicyBinding extends KubernetesObject {
  spec?:
    | {
        policyName?: string | undefined;
        matchResources?: MatchResources | undefined;
        paramRef?: ParamRef | undefined;
      }
    | undefined;
}

/** A policy that is to decide about a request. */
export interface Meeting<P extends Policy, B extends PolicyBinding> {
  readonly policy: P;
  /** Absent when the policy itself is at fault. */
  readonly binding: B | undefined;
  readonly matched: Matched;
  readonly params: KubernetesObject | undefined;
  /** Set when policy or binding can't be used. */
  readonly fault?: string;
}

export interface PolicyKinds<P extends Policy, B extends PolicyBinding> {
  readonly policies: ResourceDefinition<P>;
  readonly bindings: ResourceDefinition<B>;
}

/** All meetings, in the order of the names of policies and bindings. Costs nothing without any. */
export function meetingsOf<P extends Policy, B extends PolicyBinding>(
  request: AdmissionRequest,
  { policies, bindings }: PolicyKinds<P, B>,
): Meeting<P, B>[] {
  const { store } = request.context;
  if (store.count(collectionPrefix(bindings, '')) === 0) return [];
  const allBindings = listObjects<B>(store, bindings, '');
  return listObjects<P>(store, policies, '').flatMap((policy) => {
    const own = allBindings.filter(({ spec }) => spec?.policyName === policy.metadata.name);
    const matched = own.length > 0 && matchRequest(policy.spec?.matchConstraints ?? {}, request);
    return matched ? meetingsOfPolicy(request, { policy, bindings: own, matched }) : [];
  });
}

function meetingsOfPolicy<P extends Policy, B extends PolicyBinding>(
  request: AdmissionRequest,
  { policy, bindings, matched }: { policy: P; bindings: B[]; matched: Matched },
): Meeting<P, B>[] {
  const { paramKind } = policy.spec ?? {};
  try {
    if (paramKind) resourceOfKind(request, paramKind);
  } catch (error) {
    const fault = `failed to configure policy: ${faultOf(error)}`;
    return [{ policy, binding: undefined, matched, params: undefined, fault }];
  }
  return bindings.flatMap((binding): Meeting<P, B>[] => {
    const { matchResources, paramRef } = binding.spec ?? {};
    if (matchResources && !matchRequest(matchResources, request)) return [];
    const meeting = { policy, binding, matched };
    try {
      const all = paramsOf(request, paramKind, paramRef);
      return all.map((params) => ({ ...meeting, params }));
    } catch (error) {
      const fault = `failed to configure binding: ${faultOf(error)}`;
      return [{ ...meeting, params: undefined, fault }];
    }
  });
}

function faultOf(error: unknown): string {
  if (error instanceof PolicyConfigurationError) return error.message;
  throw error;
}

/** What expressions of the policy may speak of. */
export function scopeOfMeeting(
  request: AdmissionRequest,
  { policy, matched, params }: Meeting<Policy, PolicyBinding>,
): ExpressionScope {
  return withVariables(scopeOf(request, matched), params, policy.spec?.variables ?? []);
}

/** False when the conditions of the policy are not met. Throws ExpressionError. */
export function meetsPolicy({ policy }: Meeting<Policy, PolicyBinding>, scope: ExpressionScope) {
  return conditionsHold(scope, policy.spec ?? {});
}
