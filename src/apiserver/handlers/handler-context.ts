// What handlers are given, and what they have in common.
import type { KindRules, RuleContext } from '../../api/kind-rules.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { formatTime } from '../../base/time.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Store } from '../../storage/store.ts';
import type { ApiRequest, ApiResponse } from '../api-request.ts';
import type { TokenReviewer } from '../authentication.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { NodeDialer } from '../node-connection.ts';
import type { ServiceAllocator } from '../registry/service-allocator.ts';
import type { RequestInfo } from '../request-info.ts';
import type { CustomResources } from '../custom-resources/custom-registry.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';
import type { ServiceAccountTokenIssuer } from '../service-account-tokens.ts';

/** The part of the issuer that makes tokens (API-707). */
export type TokenIssuer = Pick<ServiceAccountTokenIssuer, 'audiences' | 'issue'>;

export interface HandlerContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly ruleSettings: Omit<RuleContext, 'now' | 'requestor'>;
  readonly serviceAllocator: ServiceAllocator;
  readonly dialNode: NodeDialer;
  readonly authorizer: Authorizer;
  readonly webhooks: WebhookClient;
  readonly customResources: CustomResources;
  readonly reviewToken: TokenReviewer;
  /** Absent: `serviceaccounts/token` answers 503. */
  readonly tokenIssuer: TokenIssuer | undefined;
}

/** A request whose path was found and whose user may send it. */
export interface ResourceRequest {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly resource: ResourceDefinition;
  readonly rules: KindRules;
}

export type Handler = (
  context: HandlerContext,
  request: ResourceRequest,
) => Promise<ApiResponse> | ApiResponse;

/** The rule context with the time of now. */
export function ruleContextAt({ clock, ruleSettings }: HandlerContext): RuleContext {
  return { ...ruleSettings, now: formatTime(clock.now()) };
}
