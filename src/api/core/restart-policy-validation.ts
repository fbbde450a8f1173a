// Restart policies of single containers and the rules that refine them.
import type { Container } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { notSupported, required, tooMany } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';

const POLICIES = ['Always', 'Never', 'OnFailure'];
const ACTIONS = ['Restart', 'RestartAllContainers'];
const OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** The policy and rules of a container at `path`. */
export function* validateRestartPolicy(container: Container, path: FieldPath): Causes {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  const policyPath = path.child('restartPolicy');
  if (policy === undefined) {
    if (rules.length === 0) return;
    yield required(policyPath, 'must specify restartPolicy when restart rules are used');
  } else if (!POLICIES.includes(policy)) yield notSupported(policyPath, policy, POLICIES);
  const rulesPath = path.child('restartPolicyRules');
  if (rules.length > MAX_RULES) yield tooMany(rulesPath, rules.length, MAX_RULES);
  for (const [i, { action = '', exitCodes }] of rules.entries()) {
    const rulePath = rulesPath.index(i);
    if (!ACTIONS.includes(action)) yield notSupported(rulePath.child('action'), action, ACTIONS);
    const codesPath = rulePath.child('exitCodes');
    if (exitCodes === undefined) {
      yield required(codesPath, 'must be specified');
      continue;
    }
    const operator = exitCodes.operator ?? '';
    const values = exitCodes.values ?? [];
    if (!OPERATORS.includes(operator)) {
      yield notSupported(codesPath.child('operator'), operator, OPERATORS);
    }
    if (values.length > MAX_EXIT_CODES) {
      yield tooMany(codesPath.child('values'), values.length, MAX_EXIT_CODES);
    }
  }
}
