// Validating webhooks: all at once; the request passes when all that can be asked allow it.
import type { AdmissionRequest } from '../admission-request.ts';
import { isExempt } from '../match-request.ts';
import { askWebhook } from './ask-webhook.ts';
import { hooksOf, invocationOf } from './invocation.ts';

/** Throws the refusal of the first one in order that refuses. A promise when one is asked. */
export function validateByWebhooks(request: AdmissionRequest): void | Promise<void> {
  if (isExempt(request)) return undefined;
  const hooks = hooksOf(request.context.store, 'validating');
  const invocations = hooks.flatMap((hook) => invocationOf(hook, request) ?? []);
  if (invocations.length === 0) return undefined;
  const asked = invocations.map((invocation) =>
    askWebhook(request, invocation, { mutating: false, round: 0 }),
  );
  return Promise.allSettled(asked).then((results) => {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
}
