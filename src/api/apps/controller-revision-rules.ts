// The rules of ControllerRevisions: data is given once and never changes.
import type { ControllerRevision } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, nonNegative } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, required } from '../meta/field-errors.ts';
import { isJsonObject } from '../meta/object.ts';

/** What the API server asks of this kind. */
export const controllerRevisionRules = defineKind<ControllerRevision>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  *validate(revision) {
    yield* validateRevision(revision);
    const data: unknown = revision.data;
    const path = fieldPath('data');
    if (data === undefined || data === null) yield required(path, 'data is mandatory');
    else if (!isJsonObject(data)) yield required(path, 'data must be a valid JSON object');
  },
  *validateUpdate(revision, old) {
    yield* validateMetadataUpdate(revision.metadata, old.metadata);
    yield* validateRevision(revision);
    yield* immutable(revision.data, old.data, fieldPath('data'));
  },
});

function* validateRevision({ metadata, revision }: ControllerRevision): Causes {
  yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
  yield* nonNegative(revision, fieldPath('revision'));
}
