// What the asker may do in a namespace: SelfSubjectRulesReview, for `kubectl auth can-i --list`.
import type {
  PolicyRule,
  SelfSubjectRulesReview,
  SubjectRulesReviewStatus,
} from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/meta/status-error.ts';
import { aggregate } from '../../authorization/authorizer.ts';
import type { Handler } from '../handler-context.ts';
import { answer } from './review.ts';

/** The rules that hold for the asker (API-1106). Throws 400 without a namespace. */
export const handleSelfSubjectRulesReview: Handler = ({ authorizer }, target) =>
  answer<SelfSubjectRulesReview>(target, ({ apiVersion, kind, spec }) => {
    const { namespace = '' } = spec;
    if (namespace === '') throw badRequest('no namespace on request');
    const { rules, errors } = authorizer.rulesFor(target.request.user, namespace);
    const status: SubjectRulesReviewStatus = {
      resourceRules: rules.filter(({ resources }) => hasAny(resources)).map(resourceRule),
      nonResourceRules: rules.filter((rule) => hasAny(rule.nonResourceURLs)).map(pathRule),
      incomplete: false,
      ...(errors.length === 0 ? {} : { evaluationError: aggregate(errors) }),
    };
    return { apiVersion, kind, metadata: {}, spec: {}, status };
  });

const hasAny = (list: readonly string[] | undefined) => (list ?? []).length > 0;

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule) {
  return {
    verbs,
    ...(hasAny(apiGroups) ? { apiGroups } : {}),
    ...(hasAny(resources) ? { resources } : {}),
    ...(hasAny(resourceNames) ? { resourceNames } : {}),
  };
}

function pathRule({ verbs, nonResourceURLs }: PolicyRule) {
  return { verbs, nonResourceURLs };
}
