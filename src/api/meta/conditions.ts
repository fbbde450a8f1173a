// Finding and setting entries of `status.conditions`, for every kind that has them.

export interface ConditionLike {
  type: string;
  status: string;
  lastTransitionTime?: string | undefined;
}

/** The condition of the type, if present. */
export function findCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True when the condition of the type is present with status `True`. */
export function isConditionTrue(
  conditions: readonly ConditionLike[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * A list with `condition` in it: in the place of the entry of the same type, or at the end.
 * While the status does not change, the old lastTransitionTime stays; otherwise it is the one
 * given or `now`, an RFC 3339 time. The input is not changed; an equal list is returned itself.
 */
export function setCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  condition: Omit<C, 'lastTransitionTime'> & Pick<ConditionLike, 'lastTransitionTime'>,
  now: string,
): readonly C[] {
  const list = conditions ?? [];
  const index = list.findIndex((item) => item.type === condition.type);
  const old = list[index];
  const unchanged = old !== undefined && old.status === condition.status;
  const lastTransitionTime = unchanged
    ? (old.lastTransitionTime ?? now)
    : (condition.lastTransitionTime ?? now);
  const next = { ...condition, lastTransitionTime } as unknown as C;
  if (old === undefined) return [...list, next];
  return sameMembers(old, next) ? list : list.with(index, next);
}

/** The list without the condition of the type. */
export function removeCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): readonly C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function sameMembers(left: object, right: object): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => Reflect.get(left, key) === Reflect.get(right, key));
}
