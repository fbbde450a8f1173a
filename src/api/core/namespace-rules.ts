// The rules of namespaces for the API server.
import type { Namespace } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, invalidValue } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { isBlank } from './field-rules.ts';
import {
  labelName,
  validateFinalizerName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZERS = fieldPath('spec', 'finalizers');

/** What the API server asks of this kind. */
export const namespaceRules = defineKind<Namespace>({
  namespaced: false,
  nameRule: labelName,
  hasStatus: true,
  initialStatus: () => ({ phase: 'Active' }),
  fieldSelectors: {
    'status.phase': ({ status }) => status?.phase ?? '',
    name: ({ metadata }) => metadata.name ?? '',
  },
  applyDefaults(namespace) {
    setNameLabel(namespace);
    namespace.status ??= {};
    if (isBlank(namespace.status.phase)) namespace.status.phase = 'Active';
  },
  prepareForCreate(namespace) {
    setNameLabel(namespace);
    namespace.spec ??= {};
    const finalizers = namespace.spec.finalizers ?? [];
    namespace.spec.finalizers = finalizers.includes('kubernetes')
      ? finalizers
      : [...finalizers, 'kubernetes'];
  },
  prepareForUpdate(namespace, old) {
    setNameLabel(namespace);
    namespace.spec = { ...namespace.spec };
    if (old.spec?.finalizers === undefined) delete namespace.spec.finalizers;
    else namespace.spec.finalizers = old.spec.finalizers;
  },
  prepareForStatusUpdate: setNameLabel,
  validate: validateNamespace,
  *validateUpdate(namespace, old) {
    yield* validateNamespace(namespace);
    yield* validateMetadataUpdate(namespace.metadata, old.metadata);
  },
  *validateStatusUpdate(namespace, old) {
    yield* validateMetadataUpdate(namespace.metadata, old.metadata);
    const phase = namespace.status?.phase ?? '';
    const deleted = namespace.metadata.deletionTimestamp !== undefined;
    const expected = deleted ? 'Terminating' : 'Active';
    if (phase === expected) return;
    const state = deleted ? 'not empty' : 'empty';
    const message = `may only be '${expected}' if \`deletionTimestamp\` is ${state}`;
    yield invalidValue(fieldPath('status', 'Phase'), phase, message);
  },
});

/** Every namespace carries its name as a label. */
function setNameLabel({ metadata }: Namespace): void {
  if (isBlank(metadata.name)) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

function* validateNamespace({ metadata, spec }: Namespace): Causes {
  yield* validateMetadata(metadata, { namespaced: false, nameRule: labelName });
  for (const [index, finalizer] of (spec?.finalizers ?? []).entries()) {
    yield* validateFinalizerName(finalizer, FINALIZERS.index(index));
  }
}
