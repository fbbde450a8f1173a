// Validation of StatefulSets at create (SS-711 … SS-727).
import type {
  PodTemplateSpec,
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
  Volume,
} from '../generated/types.ts';
import { validateClaimSpec } from '../core/claim-validation.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  atMostHundredPercent,
  dnsLabel,
  intOrPercent,
  intOrPercentValue,
  isBlank,
  nonNegative,
} from '../core/field-rules.ts';
import {
  labelName,
  validateAnnotations,
  validateMetadata,
} from '../core/object-meta-validation.ts';
import { validatePodAnnotations } from '../core/pod-annotation-validation.ts';
import { validatePodTemplate } from '../core/pod-template-validation.ts';
import { gateEnabled } from '../feature-gates.ts';
import type { RuleContext } from '../kind-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import {
  usableSelector,
  validateAlwaysRunning,
  validateSelector,
  validateTemplateLabels,
} from './workload-validation.ts';

const SPEC = fieldPath('spec');
const TEMPLATE = fieldPath('spec', 'template');

/** What an update skips, and which strategies exist. */
export interface StatefulSetOptions {
  /** SS-734: `Recreate` is a known strategy. */
  readonly allowRecreate: boolean;
  /** SS-733: serviceName and claim templates cannot change, so they are not looked at again. */
  readonly update?: boolean;
  /** SS-733: the stored template is not valid either. */
  readonly skipTemplate?: boolean;
}

/** All rules of a new set. */
export function* validateStatefulSet(set: StatefulSet, context: RuleContext): Causes {
  yield* validateMetadata(set.metadata, { namespaced: true, nameRule: labelName });
  const allowRecreate = gateEnabled(context, 'StatefulSetRecreateStrategy');
  if (set.spec) yield* validateStatefulSetSpec(set.spec, { allowRecreate });
}

/** The rules of the spec; the order is upstream's. */
export function* validateStatefulSetSpec(
  spec: StatefulSetSpec,
  options: StatefulSetOptions,
): Causes {
  yield* validateManagementPolicy(spec.podManagementPolicy);
  yield* validateUpdateStrategy(spec.updateStrategy ?? {}, options.allowRecreate);
  yield* validateRetentionPolicy(spec.persistentVolumeClaimRetentionPolicy);
  if (options.update !== true) {
    for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
      const path = SPEC.child('volumeClaimTemplates').index(i).child('spec');
      yield* validateClaimSpec(claim.spec ?? {}, path);
    }
  }
  yield* nonNegative(spec.replicas, SPEC.child('replicas'));
  yield* nonNegative(spec.minReadySeconds, SPEC.child('minReadySeconds'));
  yield* nonNegative(spec.ordinals?.start, SPEC.child('ordinals', 'start'));
  if (options.update !== true && !isBlank(spec.serviceName)) {
    yield* dnsLabel(spec.serviceName, SPEC.child('serviceName'));
  }
  yield* validateSelector(spec.selector, SPEC.child('selector'), 'statefulset');
  yield* validateSetTemplate(spec, options.skipTemplate === true);
  yield* validateAlwaysRunning(spec.template ?? {}, TEMPLATE, 'StatefulSet');
}

function* validateManagementPolicy(policy: string | undefined): Causes {
  const path = SPEC.child('podManagementPolicy');
  if (isBlank(policy)) yield required(path);
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    yield invalidValue(path, policy, "must be 'OrderedReady' or 'Parallel'");
  }
}

/** SS-713 … SS-716. */
function* validateUpdateStrategy(
  strategy: StatefulSetUpdateStrategy,
  allowRecreate: boolean,
): Causes {
  const path = SPEC.child('updateStrategy');
  const { type, rollingUpdate } = strategy;
  if (isBlank(type)) yield required(path);
  else if (type === 'RollingUpdate') {
    if (rollingUpdate) yield* validateRollingUpdate(rollingUpdate, path.child('rollingUpdate'));
  } else if (type === 'OnDelete' || (type === 'Recreate' && allowRecreate)) {
    if (rollingUpdate === undefined) return;
    yield invalidValue(
      path.child('rollingUpdate'),
      internalRollingUpdate(rollingUpdate),
      "only allowed for updateStrategy 'RollingUpdate'",
    );
  } else {
    const value = { Type: type, RollingUpdate: internalRollingUpdate(rollingUpdate) };
    yield invalidValue(path, value, "must be 'RollingUpdate' or 'OnDelete'");
  }
}

/** Messages show upstream's internal form of the block. */
function internalRollingUpdate(block: RollingUpdateStatefulSetStrategy | undefined) {
  if (block === undefined) return null;
  return { Partition: block.partition ?? 0, MaxUnavailable: block.maxUnavailable ?? null };
}

function* validateRollingUpdate(block: RollingUpdateStatefulSetStrategy, path: FieldPath): Causes {
  yield* nonNegative(block.partition, path.child('partition'));
  const { maxUnavailable } = block;
  if (maxUnavailable === undefined) return;
  const maxPath = path.child('maxUnavailable');
  yield* intOrPercent(maxUnavailable, maxPath);
  if (intOrPercentValue(maxUnavailable) === 0) {
    yield invalidValue(maxPath, maxUnavailable, 'cannot be 0');
  }
  yield* atMostHundredPercent(maxUnavailable, maxPath);
}

/** SS-717. */
function* validateRetentionPolicy(
  policy: StatefulSetSpec['persistentVolumeClaimRetentionPolicy'],
): Causes {
  if (policy === undefined) return;
  const path = SPEC.child('persistentVolumeClaimRetentionPolicy');
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = policy[field] ?? '';
    if (value === 'Retain' || value === 'Delete') continue;
    yield notSupported(path.child(field), value, ['Retain', 'Delete']);
  }
}

/** SS-722, SS-723. */
function* validateSetTemplate(spec: StatefulSetSpec, skipTemplate: boolean): Causes {
  const selector = usableSelector(spec.selector);
  if (selector === undefined) {
    yield invalidValue(SPEC.child('selector'), spec.selector, '');
    return;
  }
  const template = templateOfMember(spec);
  yield* validateTemplateLabels(template, selector, TEMPLATE);
  if (!skipTemplate) yield* validatePodTemplate(template, TEMPLATE);
  const annotations = template.metadata?.annotations;
  yield* validateLabels(template.metadata?.labels, TEMPLATE.child('labels'));
  yield* validateAnnotations(annotations, TEMPLATE.child('annotations'));
  yield* validatePodAnnotations(annotations, template.spec, TEMPLATE.child('annotations'));
}

/** The template as a member sees it: with the claims as volumes, without the names it will get. */
function templateOfMember(spec: StatefulSetSpec): PodTemplateSpec {
  const template = spec.template ?? {};
  const claims = new Map<string, Volume>();
  for (const { metadata } of spec.volumeClaimTemplates ?? []) {
    const name = metadata?.name ?? '';
    claims.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  const {
    hostname: _hostname,
    subdomain: _subdomain,
    ...podSpec
  } = template.spec ?? {
    containers: [],
  };
  const own = (podSpec.volumes ?? []).filter((volume) => !claims.has(volume.name));
  return { ...template, spec: { ...podSpec, volumes: [...claims.values(), ...own] } };
}
