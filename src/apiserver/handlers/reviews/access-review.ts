// Questions about who may do what: SelfSubjectAccessReview, SubjectAccessReview,
// LocalSubjectAccessReview (API-1106).
import type {
  FieldSelectorRequirement,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '../../../api/generated/types.ts';
import {
  validateAccessReview,
  validateLocalAccessReview,
  validateSelfAccessReview,
} from '../../../api/authorization/access-review-validation.ts';
import type { UserInfo } from '../../api-request.ts';
import type { Attributes } from '../../authorization/attributes.ts';
import type { Handler, HandlerContext } from '../handler-context.ts';
import { answer, refuseInvalid } from './review.ts';

/** May the asker do this? */
export const handleSelfSubjectAccessReview: Handler = (context, target) =>
  answer<SelfSubjectAccessReview>(target, (review) => {
    refuseInvalid(target, validateSelfAccessReview(review));
    const status = judge(context, target.request.user, attributesOf(review.spec));
    return { ...review, status };
  });

/** May that user do this? */
export const handleSubjectAccessReview: Handler = (context, target) =>
  answer<SubjectAccessReview>(target, (review) => {
    refuseInvalid(target, validateAccessReview(review));
    return { ...review, status: judge(context, userOf(review.spec), attributesOf(review.spec)) };
  });

/** May that user do this in the namespace of the request? */
export const handleLocalSubjectAccessReview: Handler = (context, target) =>
  answer<LocalSubjectAccessReview>(target, (review) => {
    refuseInvalid(target, validateLocalAccessReview(review));
    return { ...review, status: judge(context, userOf(review.spec), attributesOf(review.spec)) };
  });

function judge(
  { authorizer }: HandlerContext,
  user: UserInfo,
  attributes: Attributes,
): SubjectAccessReviewStatus {
  const { allowed, reason } = authorizer.decide(user, attributes);
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function userOf({ user = '', uid = '', groups = [] }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, uid, groups };
}

function attributesOf(
  spec: Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>,
): Attributes {
  const { resourceAttributes: wanted, nonResourceAttributes: path } = spec;
  if (!wanted) return { verb: path?.verb ?? '', path: path?.path ?? '' };
  const { verb = '', group = '', resource = '', subresource = '' } = wanted;
  const { namespace = '', name = '' } = wanted;
  const fieldSelector = equalities(wanted.fieldSelector?.requirements ?? []);
  return { verb, group, resource, subresource, namespace, name, fieldSelector };
}

/** The requirements that name one value, as a field selector. */
function equalities(requirements: readonly FieldSelectorRequirement[]): string {
  return requirements
    .filter(({ operator, values }) => operator === 'In' && values?.length === 1)
    .map(({ key, values }) => `${key}=${values?.[0] ?? ''}`)
    .join(',');
}
