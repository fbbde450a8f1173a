// Which handler answers which review.
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  tokenReviews,
  type ResourceDefinition,
} from '../../../api/resources.ts';
import type { Handler } from '../handler-context.ts';
import {
  handleLocalSubjectAccessReview,
  handleSelfSubjectAccessReview,
  handleSubjectAccessReview,
} from './access-review.ts';
import { handleSelfSubjectReview, handleTokenReview } from './authentication-review.ts';
import { handleSelfSubjectRulesReview } from './rules-review.ts';

const handlers: ReadonlyMap<ResourceDefinition, Handler> = new Map<ResourceDefinition, Handler>([
  [selfSubjectReviews, handleSelfSubjectReview],
  [tokenReviews, handleTokenReview],
  [localSubjectAccessReviews, handleLocalSubjectAccessReview],
  [selfSubjectAccessReviews, handleSelfSubjectAccessReview],
  [selfSubjectRulesReviews, handleSelfSubjectRulesReview],
  [subjectAccessReviews, handleSubjectAccessReview],
]);

/** The handler of a create, for resources that are reviews. */
export function reviewHandler(resource: ResourceDefinition): Handler | undefined {
  return handlers.get(resource);
}
