// Validating webhooks: all at once; the request passes when all that can be asked allow it.
import type { AdmissionRequest } from '../admission-request.ts';
import { whenExpressionsLoad } from '../expressions.ts';
import { isExempt } from '../match-request.ts';
import { whenDone } from '../when-done.ts';
import { askWebhook } from './ask-webhook.ts';
import { haveConditions, hooksOf, invocationOf } from './invocation.ts';
import type { ConfiguredHook } from './invocation.ts';

/** Throws the refusal of the first one in order that refuses. A promise when one is asked. */
export function validateByWebhooks(request: AdmissionRequest): void | Promise<void> {
  if (isExempt(request)) return undefined;
  const hooks = hooksOf(request.context.store, 'validating');
  if (hooks.length === 0) return undefined;
  const loading = haveConditions(hooks) ? whenExpressionsLoad() : undefined;
  return whenDone(loading, () => validateBy(request, hooks));
}

function validateBy(
  request: AdmissionRequest,
  hooks: readonly ConfiguredHook[],
): void | Promise<void> {
  const invocations = hooks.flatMap((hook) => invocationOf(hook, request) ?? []);
  if (invocations.length === 0) return undefined;
  const asked = invocations.map((invocation) =>
    askWebhook(request, invocation, { mutating: false, round: 0 }),
  );
  return Promise.allSettled(asked).then((results) => {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
}
