// Mutating webhooks: one after the other, each sees what the ones before it made of the object.
// When they changed it, the steps of the server run again, and those webhooks that want to.
import { internalError, StatusError } from '../../../api/meta/status-error.ts';
import { jsonEqual } from '../../../api/meta/json-equal.ts';
import { applyJsonPatch } from '../../../api/meta/patch/json-patch.ts';
import type { Json } from '../../../api/meta/object.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { whenExpressionsLoad } from '../expressions.ts';
import { isExempt } from '../match-request.ts';
import { replaceWith } from '../replace-object.ts';
import { whenDone } from '../when-done.ts';
import { askWebhook } from './ask-webhook.ts';
import { haveConditions, hooksOf, invocationOf } from './invocation.ts';
import type { ConfiguredHook, Invocation } from './invocation.ts';

/** Webhooks to be asked again, by their place. */
interface Reinvocation {
  /** Those that want it and have been asked in this round. */
  readonly asked: Set<number>;
  /** Those among them after whose turn the object changed. */
  readonly due: Set<number>;
}

/**
 * Changes `request.object` as the webhooks ask. `again` are the server's own mutating steps. A
 * promise when a webhook is asked. Throws what a webhook refuses with.
 */
export function mutateByWebhooks(
  request: AdmissionRequest,
  again: () => void | Promise<void>,
): void | Promise<void> {
  if (isExempt(request)) return undefined;
  const hooks = hooksOf(request.context.store, 'mutating');
  if (hooks.length === 0) return undefined;
  const loading = haveConditions(hooks) ? whenExpressionsLoad() : undefined;
  return whenDone(loading, () => {
    if (!hooks.some((hook) => invocationOf(hook, request))) return undefined;
    return runRounds(request, hooks, again);
  });
}

async function runRounds(
  request: AdmissionRequest,
  hooks: readonly ConfiguredHook[],
  again: () => void | Promise<void>,
): Promise<void> {
  const reinvocation: Reinvocation = { asked: new Set(), due: new Set() };
  const changed = await runRound(request, hooks, { reinvocation, round: 0 });
  if (!changed) return;
  const before = structuredClone(request.object);
  await again();
  if (!jsonEqual(before, request.object)) changedFor(reinvocation);
  const due = hooks.filter(({ index }) => reinvocation.due.has(index));
  await runRound(request, due, { reinvocation, round: 1 });
}

function changedFor({ asked, due }: Reinvocation): void {
  for (const index of asked) due.add(index);
  asked.clear();
}

/** True when the object was changed. */
async function runRound(
  request: AdmissionRequest,
  hooks: readonly ConfiguredHook[],
  { reinvocation, round }: { reinvocation: Reinvocation; round: number },
): Promise<boolean> {
  let anyChange = false;
  for (const configured of hooks) {
    const invocation = invocationOf(configured, request);
    if (!invocation) continue;
    const changed = await mutateBy(request, invocation, round);
    const { configuration, hook, index } = configured;
    const key = `mutation.webhook.admission.k8s.io/round_${round}_index_${index}`;
    request.audit(key, JSON.stringify({ configuration, webhook: hook.name, mutated: changed }));
    if (changed) {
      anyChange = true;
      changedFor(reinvocation);
    }
    if (hook.reinvocationPolicy === 'IfNeeded') reinvocation.asked.add(index);
  }
  return anyChange;
}

async function mutateBy(
  request: AdmissionRequest,
  invocation: Invocation,
  round: number,
): Promise<boolean> {
  const answer = await askWebhook(request, invocation, { mutating: true, round });
  const patch = answer?.patch;
  if (patch === undefined) return false;
  const { name } = invocation.hook;
  const operations = parsePatch(patch, name);
  if (operations.length === 0) return false;
  if (request.operation === 'delete' || request.operation === 'connect') {
    const what = `admission webhook ${JSON.stringify(name)} attempted to modify the object`;
    throw internalError(`${what}, which is not supported for this operation`);
  }
  const { form } = invocation;
  const before = form.to(request.object) as unknown as Json;
  return replaceWith(request, applyPatch(before, operations), form);
}

function parsePatch(text: string, name: string): Json[] {
  let operations: unknown;
  try {
    operations = JSON.parse(text);
  } catch {
    operations = undefined;
  }
  if (Array.isArray(operations)) return operations as Json[];
  const why = 'received undecodable patch in webhook response: it is no list of operations';
  throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${why}`);
}

function applyPatch(document: Json, operations: Json[]): Json {
  try {
    return applyJsonPatch(document, operations);
  } catch (error) {
    if (error instanceof StatusError) throw internalError(error.message);
    throw error;
  }
}
