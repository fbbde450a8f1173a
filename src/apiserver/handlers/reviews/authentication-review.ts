// Questions about who somebody is: SelfSubjectReview (`kubectl auth whoami`) and TokenReview
// (API-1106).
import type { SelfSubjectReview, TokenReview } from '../../../api/generated/types.ts';
import { isBlank } from '../../../api/core/field-rules.ts';
import { badRequest } from '../../../api/meta/status-error.ts';
import { formatTime } from '../../../base/time.ts';
import type { UserInfo } from '../../api-request.ts';
import type { Handler } from '../handler-context.ts';
import { answer } from './review.ts';

/** Who is asking? */
export const handleSelfSubjectReview: Handler = ({ clock }, target) =>
  answer<SelfSubjectReview>(target, ({ apiVersion, kind }) => ({
    apiVersion,
    kind,
    metadata: { creationTimestamp: formatTime(clock.now()) },
    status: { userInfo: userInfo(target.request.user) },
  }));

/** Whose is this token? Throws 400 without one. */
export const handleTokenReview: Handler = ({ reviewToken }, target) =>
  answer<TokenReview>(target, (review) => {
    const { token, audiences = [] } = review.spec;
    if (isBlank(token)) throw badRequest('token is required for TokenReview in authentication');
    const result = reviewToken(token, audiences.length === 0 ? undefined : audiences);
    if ('error' in result) return { ...review, status: { user: {}, error: result.error } };
    const status = {
      authenticated: true,
      user: userInfo(result.user),
      audiences: [...result.audiences],
    };
    return { ...review, status };
  });

function userInfo({ name, uid, groups, extra = {} }: UserInfo) {
  const entries = Object.entries(extra).map(([key, values]): [string, string[]] => [
    key,
    [...values],
  ]);
  return {
    username: name,
    ...(uid === '' ? {} : { uid }),
    groups: [...groups],
    ...(entries.length === 0 ? {} : { extra: Object.fromEntries(entries) }),
  };
}
