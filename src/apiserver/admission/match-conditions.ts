// Match conditions: expressions that must all be true before a webhook or a policy is asked.
import type { MatchCondition } from '../../api/generated/types.ts';
import { forbidden } from '../../api/meta/status-error.ts';
import type { AdmissionRequest } from './admission-request.ts';
import { conditionScope, evaluateIn, ExpressionError, scopeOf } from './expressions.ts';
import type { ExpressionScope } from './expressions.ts';
import type { Matched } from './match-request.ts';

export interface Conditional {
  readonly matchConditions?: readonly MatchCondition[] | undefined;
  readonly failurePolicy?: string | undefined;
}

/** True when all are. Throws 403 when one can't be worked out and failures are not ignored. */
export function meetsConditions(
  request: AdmissionRequest,
  matched: Matched,
  conditional: Conditional,
): boolean {
  if ((conditional.matchConditions ?? []).length === 0) return true;
  try {
    return conditionsHold(scopeOf(request, matched), conditional);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw forbidden(request.target.resource, matched.subject.name, error.message);
  }
}

/**
 * The same over a given scope. One that is false decides, whatever the others are. Throws
 * ExpressionError.
 */
export function conditionsHold(
  scope: ExpressionScope,
  { matchConditions = [], failurePolicy }: Conditional,
): boolean {
  const failures: string[] = [];
  const own = conditionScope(scope);
  for (const { expression } of matchConditions) {
    try {
      if (evaluateIn(own, expression) === false) return false;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      failures.push(error.message);
    }
  }
  if (failures.length === 0) return true;
  if (failurePolicy === 'Ignore') return false;
  throw new ExpressionError(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
}
