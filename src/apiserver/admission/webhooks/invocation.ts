// Which webhooks a request calls, and in which form of the object: the one of the request, or an
// equivalent one that the rules of the webhook name.
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from '../../../api/generated/types.ts';
import type { ValidatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { mutatingWebhooks, validatingWebhooks } from '../../../api/other-resources.ts';
import type { Store } from '../../../storage/store.ts';
import { listObjects } from '../../registry/object-store.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { meetsConditions } from '../match-conditions.ts';
import { matchRequest } from '../match-request.ts';
import type { Matched } from '../match-request.ts';

/** A webhook of either kind; validating ones have no reinvocation policy. */
export interface ConfiguredHook {
  readonly hook: MutatingWebhook;
  /** Name of the object that configures it. */
  readonly configuration: string;
  /** Its place among all webhooks of its kind. */
  readonly index: number;
}

/** A call to be made. */
export interface Invocation extends ConfiguredHook, Matched {}

/** All webhooks of a kind, in the order in which they are called. */
export function hooksOf(store: Store, kind: 'mutating' | 'validating'): ConfiguredHook[] {
  const configurations: (MutatingWebhookConfiguration | ValidatingWebhookConfiguration)[] =
    kind === 'mutating'
      ? listObjects<MutatingWebhookConfiguration>(store, mutatingWebhooks, '')
      : listObjects<ValidatingWebhookConfiguration>(store, validatingWebhooks, '');
  return configurations
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map((hook) => ({ hook, configuration: metadata.name ?? '' })),
    )
    .map((configured, index) => ({ ...configured, index }));
}

/**
 * The call that the request means for a webhook, if any. Throws 404 for a missing namespace, and
 * 403 when the conditions of the webhook can't be worked out.
 */
export function invocationOf(
  configured: ConfiguredHook,
  request: AdmissionRequest,
): Invocation | undefined {
  const { hook } = configured;
  const match = { ...hook, resourceRules: hook.rules };
  const matched = hook.rules?.length ? matchRequest(match, request) : undefined;
  if (!matched || !meetsConditions(request, matched, hook)) return undefined;
  return { ...configured, ...matched };
}

/** True when webhooks of the kind have conditions, which need CEL to be loaded. */
export function haveConditions(hooks: readonly ConfiguredHook[]): boolean {
  return hooks.some(({ hook }) => (hook.matchConditions ?? []).length > 0);
}
