// One call of a webhook: asks, understands the answer, and decides what a failure means.
import type { Status } from '../../../api/generated/types.ts';
import { badRequest, internalError, StatusError } from '../../../api/meta/status-error.ts';
import { errorMessage } from '../../../base/errors.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type { Invocation } from './invocation.ts';
import { readAnswer, reviewOf } from './review.ts';
import type { Answer } from './review.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;
const WITHOUT_SIDE_EFFECTS: readonly string[] = ['None', 'NoneOnDryRun'];
const BAD_REQUEST = 400;

export interface Asking {
  readonly mutating: boolean;
  /** 1 when webhooks are called again; part of audit annotations. */
  readonly round: number;
}

/**
 * The answer of a webhook that allows the request; undefined when it could not be asked and that
 * is to be ignored. Throws what the webhook refuses with, 400 for a dry run that it can't do, and
 * 500 when it fails.
 */
export async function askWebhook(
  request: AdmissionRequest,
  invocation: Invocation,
  asking: Asking,
): Promise<Answer | undefined> {
  const { hook } = invocation;
  const { name } = hook;
  if (request.dryRun && !WITHOUT_SIDE_EFFECTS.includes(hook.sideEffects)) {
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  }
  const answer = await answerOrFailure(request, invocation, asking);
  if (answer instanceof Error) {
    if (hook.failurePolicy === 'Ignore') {
      ignoreFailure(request, invocation, { asking, failure: answer });
      return undefined;
    }
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${answer.message}`);
  }
  for (const [key, value] of Object.entries(answer.auditAnnotations)) {
    request.audit(`${name}/${key}`, value);
  }
  request.warnings.push(...answer.warnings);
  if (!answer.allowed) throw refusal(name, answer.result);
  return answer;
}

async function answerOrFailure(
  request: AdmissionRequest,
  invocation: Invocation,
  { mutating }: Asking,
): Promise<Answer | Error> {
  const { clientConfig, admissionReviewVersions, timeoutSeconds } = invocation.hook;
  if (!(admissionReviewVersions ?? []).includes('v1')) {
    const why = 'webhook does not accept known AdmissionReview versions (v1)';
    return new Error(`could not create admission objects: ${why}`);
  }
  const { context, target } = request;
  const uid = context.random.uuid();
  const review = reviewOf(request, invocation, uid);
  const timeoutMs = (timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  const signal = target.request.signal();
  let reply: unknown;
  try {
    reply = await context.webhooks.call({ config: clientConfig, review, timeoutMs, signal });
  } catch (error) {
    return new Error(`failed to call webhook: ${errorMessage(error)}`);
  }
  try {
    return readAnswer(reply, { uid, mutating });
  } catch (error) {
    return new Error(`received invalid webhook response: ${errorMessage(error)}`);
  }
}

function ignoreFailure(
  request: AdmissionRequest,
  { hook, index }: Invocation,
  { asking, failure }: { asking: Asking; failure: Error },
): void {
  const phase = asking.mutating ? 'mutation' : 'validating';
  const key = `failed-open.${phase}.webhook.admission.k8s.io/round_${asking.round}_index_${index}`;
  request.audit(key, hook.name);
  const fields = { webhook: hook.name, error: failure.message };
  request.context.logger.warn('failed calling webhook, failing open', fields);
}

/** What the webhook gives as reason, with a code of failure. */
function refusal(name: string, result: Status | undefined): StatusError {
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message = '', reason = '', code = 0, status = '', details } = result ?? {};
  const why = message === '' ? reason : message;
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: status === '' || status === 'Success' ? 'Failure' : status,
    message: why === '' ? `${deniedBy} without explanation` : `${deniedBy}: ${why}`,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code: code < BAD_REQUEST ? BAD_REQUEST : code,
  });
}
