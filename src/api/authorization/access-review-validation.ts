// What a question about somebody's access must be like (API-1106).
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ObjectMeta,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { validateExpression, validateOperator } from '../meta/labels.ts';
import type { StatusCause } from '../meta/status-error.ts';
import { fieldPath, invalidValue, required, type FieldPath } from '../meta/field-errors.ts';

const METADATA = fieldPath('metadata');
const SPEC = fieldPath('spec');

/** The causes against a question about the asker. */
export function* validateSelfAccessReview(review: SelfSubjectAccessReview): Causes {
  yield* validateSubject(review.spec);
  yield* validateResource(review.spec.resourceAttributes);
  yield* validateMetadata(review.metadata, 'must be empty');
}

/** The causes against a question about any user. */
export function* validateAccessReview(review: SubjectAccessReview): Causes {
  yield* validateSpec(review.spec);
  yield* validateMetadata(review.metadata, 'must be empty');
}

/** The causes against a question about a user in the namespace of the request. */
export function* validateLocalAccessReview({ metadata, spec }: LocalSubjectAccessReview): Causes {
  yield* validateSpec(spec);
  const { namespace, ...rest } = metadata;
  if (!isEmpty(rest)) yield invalidValue(METADATA, metadata, 'must be empty except for namespace');
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const own = resource?.namespace ?? '';
  if (resource && own !== (namespace ?? '')) {
    const at = SPEC.child('resourceAttributes').child('namespace');
    yield invalidValue(at, own, 'must match metadata.namespace');
  }
  if (path) {
    const at = SPEC.child('nonResourceAttributes');
    yield invalidValue(at, goPath(path), 'disallowed on this kind of request');
  }
}

function* validateSpec(spec: SubjectAccessReviewSpec): Causes {
  yield* validateSubject(spec);
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    yield invalidValue(SPEC.child('user'), '', 'at least one of user or group must be specified');
  }
  yield* validateResource(spec.resourceAttributes);
}

function* validateSubject(
  spec: Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>,
): Causes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource && path) {
    const why = 'cannot be specified in combination with resourceAttributes';
    yield invalidValue(SPEC.child('nonResourceAttributes'), goPath(path), why);
  }
  if (!resource && !path) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    yield invalidValue(SPEC.child('resourceAttributes'), null, why);
  }
}

/** As the reference's internal type shows in its errors. */
function goPath({ path = '', verb = '' }: NonResourceAttributes) {
  return { Path: path, Verb: verb };
}

function* validateResource(resource: ResourceAttributes | undefined): Causes {
  const at = SPEC.child('resourceAttributes');
  const fields = at.child('fieldSelector');
  yield* validateSelector(resource?.fieldSelector, fields);
  for (const [index, one] of (resource?.fieldSelector?.requirements ?? []).entries()) {
    const path = fields.child('requirements').index(index);
    if ((one.key ?? '') === '') yield required(path.child('key'), 'must be specified');
    yield* known(validateOperator(one, path));
  }
  const labels = at.child('labelSelector');
  yield* validateSelector(resource?.labelSelector, labels);
  for (const [index, one] of (resource?.labelSelector?.requirements ?? []).entries()) {
    yield* known(validateExpression(one, labels.child('requirements').index(index)));
  }
}

/** Operators that only newer servers know may be asked about. */
const known = (causes: StatusCause[]) =>
  causes.filter(({ field = '' }) => !field.endsWith('.operator'));

function* validateSelector(
  selector: FieldSelectorAttributes | LabelSelectorAttributes | undefined,
  path: FieldPath,
): Causes {
  if (!selector) return;
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0) {
    const why = 'may not specified at the same time as requirements';
    yield invalidValue(path.child('rawSelector'), rawSelector, why);
  }
  if (rawSelector === '' && requirements.length === 0) {
    const why = `when ${path.toString()} is specified, requirements or rawSelector is required`;
    yield required(path.child('requirements'), why);
  }
}

function* validateMetadata(metadata: ObjectMeta, why: string): Causes {
  if (!isEmpty(metadata)) yield invalidValue(METADATA, metadata, why);
}

function isEmpty(metadata: Partial<ObjectMeta>): boolean {
  return Object.entries(metadata).every(
    ([name, value]) => name === 'managedFields' || value === undefined || value === '',
  );
}
