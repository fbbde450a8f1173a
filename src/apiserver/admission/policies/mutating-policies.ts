// MutatingAdmissionPolicies: expressions that give a patch or a configuration to apply.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
} from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../api/meta/json-equal.ts';
import { mergeTyped } from '../../../api/meta/apply/merge.ts';
import type { Json, KubernetesObject } from '../../../api/meta/object.ts';
import { applyJsonPatch } from '../../../api/meta/patch/json-patch.ts';
import { forbidden, StatusError } from '../../../api/meta/status-error.ts';
import { mutatingPolicies, mutatingPolicyBindings } from '../../../api/other-resources.ts';
import { typingOf } from '../../handlers/field-tracking.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { evaluateIn, ExpressionError, jsonOfCel, whenExpressionsLoad } from '../expressions.ts';
import type { ExpressionScope } from '../expressions.ts';
import { isExempt } from '../match-request.ts';
import { replaceWith } from '../replace-object.ts';
import { whenDone } from '../when-done.ts';
import { meetingsOf, meetsPolicy, scopeOfMeeting } from './policy-bindings.ts';
import type { Meeting } from './policy-bindings.ts';

type MutatingMeeting = Meeting<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;

const kinds = { policies: mutatingPolicies, bindings: mutatingPolicyBindings };
const UNPROCESSABLE = 422;

/**
 * Changes `request.object` as the policies say; `again`: only those that are to be asked again.
 * True when it was changed. A promise only when there are policies.
 */
export function mutateByPolicies(
  request: AdmissionRequest,
  { again }: { again: boolean },
): boolean | Promise<boolean> {
  const isObject = request.operation === 'create' || request.operation === 'update';
  if (isExempt(request) || !isObject || request.kind) return false;
  const meetings = meetingsOf(request, kinds).filter(
    ({ policy }) => !again || policy.spec?.reinvocationPolicy === 'IfNeeded',
  );
  if (meetings.length === 0) return false;
  return whenDone(whenExpressionsLoad(), () => mutateAll(request, meetings));
}

async function mutateAll(
  request: AdmissionRequest,
  meetings: readonly MutatingMeeting[],
): Promise<boolean> {
  const before = structuredClone(request.object);
  for (const meeting of meetings) {
    try {
      await mutateBy(request, meeting);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      if (meeting.policy.spec?.failurePolicy !== 'Ignore') {
        throw denial(request, meeting, error.message);
      }
    }
  }
  return !jsonEqual(before, request.object);
}

async function mutateBy(request: AdmissionRequest, meeting: MutatingMeeting): Promise<void> {
  const { policy, matched, fault } = meeting;
  if (fault !== undefined) throw new ExpressionError(fault);
  if (!meetsPolicy(meeting, scopeOfMeeting(request, meeting))) return;
  for (const mutation of policy.spec?.mutations ?? []) {
    // Anew for each: a mutation sees what the one before it did.
    const scope = scopeOfMeeting(request, meeting);
    const current = matched.form.to(request.object);
    const wanted = mutated(scope, mutation, { current, resource: matched.form.resource });
    if (wanted !== undefined) await replaceWith(request, wanted, matched.form);
  }
}

interface Subject {
  readonly current: KubernetesObject;
  readonly resource: MutatingMeeting['matched']['form']['resource'];
}

function mutated(
  scope: ExpressionScope,
  { patchType, jsonPatch, applyConfiguration }: Mutation,
  { current, resource }: Subject,
): Json | undefined {
  const document = current as unknown as Json;
  if (patchType === 'JSONPatch') {
    const patch = jsonOfCel(evaluateIn(scope, jsonPatch?.expression ?? ''));
    return patched(document, patch);
  }
  const expression = applyConfiguration?.expression ?? '';
  const configuration = jsonOfCel(evaluateIn(scope, expression));
  return mergeTyped(typingOf(resource).schema, document, configuration);
}

/** Undefined when a test of the patch fails: then it is not to be applied. */
function patched(document: Json, patch: Json): Json | undefined {
  try {
    return applyJsonPatch(document, patch);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const tests = Array.isArray(patch) && patch.some((step) => isTest(step));
    if (tests) return undefined;
    throw new ExpressionError(`JSON Patch: ${error.message}`);
  }
}

function isTest(step: Json): boolean {
  return typeof step === 'object' && step !== null && Reflect.get(step, 'op') === 'test';
}

function denial(
  { target, object }: AdmissionRequest,
  { policy, binding }: MutatingMeeting,
  message: string,
): StatusError {
  const name = policy.metadata.name ?? '';
  const who = binding
    ? `policy '${name}' with binding '${binding.metadata.name ?? ''}'`
    : `policy ${JSON.stringify(name)}`;
  const why = `${who} denied request: ${message}`;
  const { status } = forbidden(target.resource, object.metadata.name ?? '', why);
  return new StatusError({ ...status, reason: 'Invalid', code: UNPROCESSABLE });
}
