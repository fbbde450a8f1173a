// The rules of runtime classes for the API server.
import type { RuntimeClass, Toleration } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsLabel, immutable, isBlank, sortedEntries } from '../core/field-rules.ts';
import {
  subdomainName,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../core/object-meta-validation.ts';
import { validateContainerResources } from '../core/resource-validation.ts';
import { oldNodeLabel } from '../core/scheduling-warnings.ts';
import { validateTolerations } from '../core/toleration-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { duplicate, fieldPath, required } from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import { simpleKind } from '../simple-kind.ts';

/** What the API server asks of this kind. */
export const runtimeClassRules = simpleKind<RuntimeClass>({
  createOnUpdate: true,
  unconditionalUpdate: false,
  standardFinalizers: false,
  check: validateClass,
  *validateUpdate(runtimeClass, old) {
    yield* validateObjectMeta(runtimeClass.metadata, {
      namespaced: false,
      nameRule: subdomainName,
    });
    yield* validateClass(runtimeClass);
    yield* validateObjectMetaUpdate(runtimeClass.metadata, old.metadata);
    yield* immutable(runtimeClass.handler, old.handler, fieldPath('handler'));
  },
  warnings: ({ scheduling }) =>
    sortedEntries(scheduling?.nodeSelector).flatMap(([key]) => {
      const message = oldNodeLabel(key);
      return message === undefined ? [] : [`scheduling.nodeSelector: ${message}`];
    }),
});

function* validateClass({ handler, overhead, scheduling }: RuntimeClass): Causes {
  const handlerPath = fieldPath('handler');
  if (isBlank(handler)) yield required(handlerPath);
  else yield* dnsLabel(handler, handlerPath);
  const limits = overhead?.podFixed ?? {};
  yield* validateContainerResources({ limits }, fieldPath('overhead'), new Set());
  const path = fieldPath('scheduling');
  yield* validateLabels(scheduling?.nodeSelector, path.child('nodeSelector'));
  yield* validateUnique(scheduling?.tolerations ?? [], path.child('tolerations'));
}

function* validateUnique(tolerations: readonly Toleration[], path: FieldPath): Causes {
  yield* validateTolerations(tolerations, path);
  const seen = new Set<string>();
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity)) {
      const seconds = tolerationSeconds ?? null;
      const names = { Key: key, Operator: operator, Value: value, Effect: effect };
      yield duplicate(path.index(index), { ...names, TolerationSeconds: seconds });
    }
    seen.add(identity);
  }
}
