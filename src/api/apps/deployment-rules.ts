// The rules of Deployments for the API server.
import type {
  Deployment,
  DeploymentSpec,
  DeploymentStrategy,
  RollingUpdateDeployment,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  atMostHundredPercent,
  intOrPercent,
  intOrPercentValue,
  nonNegative,
} from '../core/field-rules.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { hostnameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { deploymentDefaults } from './deployment-defaults.ts';
import {
  immutableSelector,
  validateCollisionCount,
  validateCounts,
  validateSelectorAndTemplate,
} from './workload-validation.ts';

const SPEC = fieldPath('spec');

/** What the API server asks of this kind. */
export const deploymentRules = defineKind<Deployment>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  // API-404: annotations are copied to the replica sets, so they count.
  specChanged: (object, old) =>
    specDiffers(object, old) ||
    !semanticEqual(object.metadata.annotations, old.metadata.annotations),
  applyDefaults: deploymentDefaults,
  prepareForCreate({ spec }, context) {
    dropDisabledTemplateFields(spec?.template, undefined, context);
  },
  prepareForUpdate({ spec }, old, context) {
    dropDisabledTemplateFields(spec?.template, old.spec?.template, context);
  },
  prepareForStatusUpdate(object, old) {
    if (old.metadata.labels === undefined) delete object.metadata.labels;
    else object.metadata.labels = old.metadata.labels;
  },
  *validate(deployment) {
    yield* validateMetadata(deployment.metadata, { namespaced: true, nameRule: subdomainName });
    if (deployment.spec) yield* validateSpec(deployment.spec);
  },
  *validateUpdate(deployment, old) {
    yield* validateMetadataUpdate(deployment.metadata, old.metadata);
    if (deployment.spec) yield* validateSpec(deployment.spec);
    yield* immutableSelector(deployment.spec?.selector, old.spec?.selector);
  },
  *validateStatusUpdate(deployment, old) {
    yield* validateMetadataUpdate(deployment.metadata, old.metadata);
    yield* validateStatus(deployment.status ?? {});
    yield* validateCollisionCount(deployment.status, old.status);
  },
  warnings(deployment, old) {
    const template = deployment.spec?.template ?? {};
    const path = fieldPath('spec', 'template');
    if (old === undefined) {
      return [...hostnameWarnings(deployment.metadata), ...podTemplateWarnings(template, path)];
    }
    const changed = deployment.metadata.generation !== old.metadata.generation;
    return changed ? podTemplateWarnings(template, path) : [];
  },
});

function* validateSpec(spec: DeploymentSpec): Causes {
  yield* nonNegative(spec.replicas, SPEC.child('replicas'));
  yield* validateSelectorAndTemplate(spec);
  yield* validateStrategy(spec.strategy ?? {}, SPEC.child('strategy'));
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  yield* nonNegative(spec.revisionHistoryLimit, SPEC.child('revisionHistoryLimit'));
  const deadline = spec.progressDeadlineSeconds;
  if (deadline === undefined) return;
  const path = SPEC.child('progressDeadlineSeconds');
  yield* nonNegative(deadline, path);
  if (deadline <= (spec.minReadySeconds ?? 0)) {
    yield invalidValue(path, deadline, 'must be greater than minReadySeconds');
  }
}

function* validateStrategy(strategy: DeploymentStrategy, path: FieldPath): Causes {
  const { type = '', rollingUpdate } = strategy;
  const blockPath = path.child('rollingUpdate');
  if (type === 'Recreate') {
    if (rollingUpdate === undefined) return;
    yield forbidden(blockPath, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type === 'RollingUpdate') {
    if (rollingUpdate) yield* validateRollingUpdate(rollingUpdate, blockPath);
    else yield required(blockPath, 'this should be defaulted and never be nil');
  } else {
    // Messages show upstream's internal form of the strategy.
    const block = rollingUpdate && {
      MaxUnavailable: rollingUpdate.maxUnavailable ?? 0,
      MaxSurge: rollingUpdate.maxSurge ?? 0,
    };
    const value = { Type: type, RollingUpdate: block ?? null };
    yield notSupported(path, value, ['Recreate', 'RollingUpdate']);
  }
}

function* validateRollingUpdate(block: RollingUpdateDeployment, path: FieldPath): Causes {
  const { maxUnavailable = 0, maxSurge = 0 } = block;
  const unavailablePath = path.child('maxUnavailable');
  yield* intOrPercent(maxUnavailable, unavailablePath);
  yield* intOrPercent(maxSurge, path.child('maxSurge'));
  if (intOrPercentValue(maxUnavailable) === 0 && intOrPercentValue(maxSurge) === 0) {
    yield invalidValue(unavailablePath, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  yield* atMostHundredPercent(maxUnavailable, unavailablePath);
}

function validateStatus(status: object): Causes {
  const bound = 'cannot be greater than status.replicas';
  return validateCounts(
    status,
    [
      'observedGeneration',
      'replicas',
      'updatedReplicas',
      'readyReplicas',
      'availableReplicas',
      'unavailableReplicas',
      'terminatingReplicas',
      'collisionCount',
    ],
    [
      ['updatedReplicas', 'replicas', bound],
      ['readyReplicas', 'replicas', bound],
      ['availableReplicas', 'replicas', bound],
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ],
  );
}
