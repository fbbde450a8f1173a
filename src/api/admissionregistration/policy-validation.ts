// What policies and their bindings must say; their expressions are compiled by admission.
import type {
  AuditAnnotation,
  MutatingAdmissionPolicySpec,
  Mutation,
  ParamKind,
  ParamRef,
  Validation,
  ValidatingAdmissionPolicySpec,
  Variable,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank, qualifiedName } from '../core/field-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import {
  validateDns1035Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
} from '../meta/names.ts';
import {
  validateMatchConditions,
  validateMatchResources,
  validateMutatedOperations,
  validatePolicies,
} from './match-validation.ts';

const SPEC = fieldPath('spec');
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];
const REINVOCATIONS = ['IfNeeded', 'Never'];
const ANNOTATIONS_MAX = 20;
const ANNOTATION_BYTES_MAX = 5 * 1024;
const NOT_EMPTY = 'must be non-empty if specified';
const RESERVED = new Set(
  (
    'true false null in as break const continue else for function if import let loop package ' +
    'namespace return var void while'
  ).split(' '),
);

type Spec = Partial<ValidatingAdmissionPolicySpec> | Partial<MutatingAdmissionPolicySpec>;

/** What the specs of policies of both kinds have in common. */
function* validateCommon(spec: Spec, mutating: boolean): Causes {
  const { failurePolicy, matchConstraints: match, paramKind, variables = [] } = spec;
  yield* validatePolicies(failurePolicy === undefined ? {} : { failurePolicy }, SPEC);
  if (paramKind) yield* validateParamKind(paramKind, SPEC.child('paramKind'));
  const matchPath = SPEC.child('matchConstraints');
  if (match === undefined) yield required(matchPath);
  else {
    yield* validateMatchResources(match, matchPath);
    const rules = match.resourceRules ?? [];
    if (rules.length === 0) yield required(matchPath.child('resourceRules'));
    if (mutating) yield* validateMutatedOperations(match, matchPath);
  }
  yield* validateMatchConditions(spec.matchConditions, SPEC.child('matchConditions'));
  for (const [index, variable] of variables.entries()) {
    yield* validateVariable(variable, SPEC.child('variables').index(index));
  }
}

/** The spec of a policy that validates, of the name `name`. */
export function* validateValidatingPolicy(
  spec: Partial<ValidatingAdmissionPolicySpec>,
  name: string,
): Causes {
  yield* validateCommon(spec, false);
  const { validations = [], auditAnnotations = [] } = spec;
  const annotationsPath = SPEC.child('auditAnnotations');
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const message = 'validations or auditAnnotations must contain at least one item';
    yield required(SPEC.child('validations'), message);
    yield required(annotationsPath, message);
    return;
  }
  for (const [index, validation] of validations.entries()) {
    yield* validateValidation(validation, SPEC.child('validations').index(index));
  }
  if (auditAnnotations.length > ANNOTATIONS_MAX) {
    const message = `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`;
    yield invalidValue(annotationsPath, auditAnnotations, message);
  }
  const keys = new Set<string>();
  for (const [index, annotation] of auditAnnotations.entries()) {
    const path = annotationsPath.index(index);
    yield* validateAnnotation(annotation, path, name);
    if (keys.has(annotation.key)) yield duplicate(path.child('key'), annotation.key);
    keys.add(annotation.key);
  }
}

/** The spec of a policy that mutates. */
export function* validateMutatingPolicy(spec: Partial<MutatingAdmissionPolicySpec>): Causes {
  yield* validateCommon(spec, true);
  const { mutations = [], reinvocationPolicy: policy = '' } = spec;
  const path = SPEC.child('mutations');
  if (mutations.length === 0) yield required(path, 'mutations must contain at least one item');
  for (const [index, mutation] of mutations.entries()) {
    yield* validateMutation(mutation, path.index(index));
  }
  const policyPath = SPEC.child('reinvocationPolicy');
  if (policy === '') yield required(policyPath);
  else if (!REINVOCATIONS.includes(policy)) yield notSupported(policyPath, policy, REINVOCATIONS);
}

function* validateParamKind({ apiVersion, kind }: Partial<ParamKind>, path: FieldPath): Causes {
  if (isBlank(apiVersion)) yield required(path.child('apiVersion'));
  else yield* validateGroupVersion(apiVersion, path.child('apiVersion'));
  if (isBlank(kind)) {
    yield required(path.child('kind'));
    return;
  }
  const messages = validateDns1035Label(kind.toLowerCase());
  if (messages.length === 0) return;
  const intro = 'may have mixed case, but should otherwise match: ';
  yield invalidValue(path.child('kind'), kind, intro + messages.join(','));
}

function* validateGroupVersion(apiVersion: string, path: FieldPath): Causes {
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/');
  if (parts.length > 2) {
    yield invalidValue(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
    return;
  }
  const [group = '', version = ''] = parts.length === 1 ? ['', ...parts] : parts;
  const inGroup = group === '' ? [] : validateDns1123Subdomain(group);
  if (inGroup.length > 0) yield invalidValue(path, group, inGroup.join(','));
  const inVersion = validateDns1035Label(version);
  if (version === '') yield invalidValue(path, apiVersion, 'version must be specified');
  else if (inVersion.length > 0) yield invalidValue(path, version, inVersion.join(','));
}

function isUnsaid(text: string | undefined): boolean {
  return isBlank(text?.trim());
}

function* validateVariable({ name, expression }: Variable, path: FieldPath): Causes {
  const namePath = path.child('name');
  if (isUnsaid(name)) yield required(namePath, 'name is not specified');
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name)) {
    yield invalidValue(namePath, name, 'must be a valid CEL identifier');
  }
  if (isUnsaid(expression)) {
    yield required(path.child('expression'), 'expression is not specified');
  }
}

function* validateValidation(validation: Validation, path: FieldPath): Causes {
  const { expression, message = '', messageExpression = '', reason } = validation;
  if (isUnsaid(expression)) {
    yield required(path.child('expression'), 'expression is not specified');
  }
  if (messageExpression !== '' && isUnsaid(messageExpression)) {
    yield invalidValue(path.child('messageExpression'), messageExpression, NOT_EMPTY);
  }
  const messagePath = path.child('message');
  if (message !== '' && isUnsaid(message)) yield invalidValue(messagePath, message, NOT_EMPTY);
  else if (/[\n\r]/.test(message.trim())) {
    yield invalidValue(messagePath, message, 'must not contain line breaks');
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    yield notSupported(path.child('reason'), reason, REASONS);
  }
}

function* validateAnnotation(annotation: AuditAnnotation, path: FieldPath, name: string): Causes {
  const { key, valueExpression } = annotation;
  const keyPath = path.child('key');
  if (name === '') yield invalidValue(keyPath, key, 'requires metadata.name be non-empty');
  else yield* qualifiedName(`${name}/${key}`, keyPath);
  const valuePath = path.child('valueExpression');
  const text = valueExpression.trim();
  if (text === '') yield required(valuePath, 'valueExpression is not specified');
  else if (Buffer.byteLength(text) > ANNOTATION_BYTES_MAX) {
    yield required(valuePath, `must not exceed ${ANNOTATION_BYTES_MAX} bytes in length`);
  }
}

const PATCHES = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'] as const;

function* validateMutation(mutation: Mutation, path: FieldPath): Causes {
  const { patchType } = mutation;
  const known = PATCH_TYPES.find((type) => type === patchType);
  if (isBlank(patchType)) yield required(path.child('patchType'));
  else if (known === undefined) yield notSupported(path.child('patchType'), patchType, PATCH_TYPES);
  if (known === undefined) return;
  const own = PATCHES[known];
  const other = PATCHES[known === 'JSONPatch' ? 'ApplyConfiguration' : 'JSONPatch'];
  const when = `specified when patchType is ${known}`;
  if (mutation[own] === undefined) yield required(path.child(own), `must be ${when}`);
  else if (isUnsaid(mutation[own].expression)) yield required(path.child(own, 'expression'));
  if (mutation[other] === undefined) return;
  yield invalidValue(path.child(other), `{${other}}`, `must not be ${when}`);
}

/** The name of the policy that a binding binds. */
export function* validatePolicyName(name: string | undefined): Causes {
  const path = SPEC.child('policyName');
  if (isBlank(name)) yield required(path);
  else yield* invalidForEach(path, name, validateDns1123Subdomain(name));
}

/** Where a binding has parameters from. */
export function* validateParamRef(reference: ParamRef | undefined): Causes {
  if (!reference) return;
  const path = SPEC.child('paramRef');
  const { name = '', selector, parameterNotFoundAction: action = '' } = reference;
  const exclusive = name !== '' && selector !== undefined;
  const message = 'name and selector are mutually exclusive';
  const namePath = path.child('name');
  if (name !== '') yield* invalidForEach(namePath, name, validatePathSegmentName(name));
  if (exclusive) yield forbidden(namePath, message);
  yield* validateLabelSelector(selector, path.child('selector'));
  if (exclusive) yield forbidden(path.child('selector'), message);
  if (name === '' && !selector) {
    yield required(path, 'one of name or selector must be specified');
  }
  const at = path.child('parameterNotFoundAction');
  if (action === '') yield required(at);
  else if (!NOT_FOUND_ACTIONS.includes(action)) yield notSupported(at, action, NOT_FOUND_ACTIONS);
}

/** What a binding does about objects that fail. */
export function* validateActions(actions: readonly string[]): Causes {
  const path = SPEC.child('validationActions');
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) yield notSupported(path.index(index), action, ACTIONS);
    if (actions.indexOf(action) < index) yield duplicate(path.index(index), action);
  }
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const message =
      'must not contain both Deny and Warn (repeating the same validation failure information in ' +
      'the API response and headers serves no purpose)';
    yield invalidValue(path, actions, message);
  }
  if (actions.length === 0) yield required(path, 'at least one validation action is required');
}
