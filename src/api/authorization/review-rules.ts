// Reviews are questions that the server answers and never stores. What all of them share; what a
// question must be like is in access-review-validation.ts.
import { pathSegmentName } from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { KubernetesObject } from '../meta/object.ts';

/** The rules of kinds that are never stored: nothing to default, nothing to keep. */
export const reviewRules = defineKind<KubernetesObject>({
  namespaced: false,
  nameRule: pathSegmentName,
  hasStatus: false,
  validate: () => [],
  validateUpdate: () => [],
});
