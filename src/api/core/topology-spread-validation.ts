// Topology spread constraints of pods.
import type { TopologySpreadConstraint } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { duplicate, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validateLabelKeys } from './affinity-validation.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, oneOf, positive } from './field-rules.ts';

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const INCLUSIONS = ['Honor', 'Ignore'];

/** The constraints of a pod at `path`. */
export function* validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: FieldPath,
): Causes {
  for (const [i, constraint] of constraints.entries()) {
    const itemPath = path.index(i);
    const given: Partial<TopologySpreadConstraint> = constraint;
    const { topologyKey = '', whenUnsatisfiable = '' } = given;
    yield* positive(constraint.maxSkew, itemPath.child('maxSkew'));
    if (isBlank(topologyKey)) yield required(itemPath.child('topologyKey'), 'can not be empty');
    if (!ACTIONS.includes(whenUnsatisfiable)) {
      yield notSupported(itemPath.child('whenUnsatisfiable'), whenUnsatisfiable, ACTIONS);
    }
    const repeated = constraints
      .slice(i + 1)
      .some(
        (other) =>
          other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
      );
    if (repeated) {
      const pairPath = itemPath.child('{topologyKey, whenUnsatisfiable}');
      yield duplicate(pairPath, `{${topologyKey}, ${whenUnsatisfiable}}`);
    }
    yield* validateMinDomains(constraint, itemPath.child('minDomains'));
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      yield* oneOf(constraint[field], itemPath.child(field), INCLUSIONS);
    }
    yield* validateLabelKeys(constraint, itemPath);
    yield* validateLabelSelector(constraint.labelSelector, itemPath.child('labelSelector'));
  }
}

function* validateMinDomains(constraint: TopologySpreadConstraint, path: FieldPath): Causes {
  const { minDomains, whenUnsatisfiable } = constraint;
  if (minDomains === undefined) return;
  yield* positive(minDomains, path);
  if (whenUnsatisfiable === 'DoNotSchedule') return;
  const message = 'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not';
  yield invalidValue(path, minDomains, `${message} ${whenUnsatisfiable}`);
}
