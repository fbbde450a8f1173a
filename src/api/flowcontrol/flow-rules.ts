// The rules of flow schemas and priority levels. The server keeps them and does not act on them.
import type {
  ExemptPriorityLevelConfiguration,
  FlowSchema,
  FlowSchemaSpec,
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsSubdomain, isBlank } from '../core/field-rules.ts';
import { subdomainName, validateMetadata } from '../core/object-meta-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';
import { validateFlowRule } from './flow-rule-validation.ts';

const SPEC = fieldPath('spec');
const CLUSTER_WIDE = { namespaced: false, nameRule: subdomainName };
const PRECEDENCE = 1000;
const PRECEDENCE_MAX = 10_000;
const EXEMPT = 'exempt';
const METHODS = ['ByNamespace', 'ByUser'];
const PRESERVE_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';
const QUEUES_MAX = 10_000_000;
/** How much of a hash there is to choose queues with. */
const HASH_BITS = 60;

/** What the API server asks of flow schemas. */
export const flowSchemaRules = simpleKind<FlowSchema>({
  hasStatus: true,
  generation: true,
  applyDefaults({ spec }) {
    if (spec && (spec.matchingPrecedence ?? 0) === 0) spec.matchingPrecedence = PRECEDENCE;
  },
  check: validateSchema,
  *validateUpdate(schema) {
    yield* validateMetadata(schema.metadata, CLUSTER_WIDE);
    yield* validateSchema(schema);
  },
  validateStatusUpdate: ({ status }) => validateConditions(status?.conditions ?? []),
});

function* validateSchema({ metadata, spec, status }: FlowSchema): Causes {
  const given: Partial<FlowSchemaSpec> = spec ?? {};
  yield* validatePrecedence(given.matchingPrecedence ?? 0, metadata.name);
  const method = given.distinguisherMethod;
  if (method && !METHODS.includes(method.type)) {
    const path = SPEC.child('distinguisherMethod', 'type');
    // Messages show upstream's internal form.
    yield notSupported(path, { Type: method.type }, METHODS);
  }
  const levelPath = SPEC.child('priorityLevelConfiguration', 'name');
  const level = given.priorityLevelConfiguration?.name;
  if (isBlank(level)) yield required(levelPath, 'must reference a priority level');
  else yield* dnsSubdomain(level, levelPath);
  for (const [index, rule] of (given.rules ?? []).entries()) {
    yield* validateFlowRule(rule, SPEC.child('rules').index(index));
  }
  yield* validateConditions(status?.conditions ?? []);
}

function* validatePrecedence(precedence: number, name: string | undefined): Causes {
  const path = SPEC.child('matchingPrecedence');
  if (precedence <= 0) yield invalidValue(path, precedence, 'must be a positive value');
  if (precedence > PRECEDENCE_MAX) {
    yield invalidValue(path, precedence, `must not be greater than ${PRECEDENCE_MAX}`);
  }
  if (precedence === 1 && name !== EXEMPT) {
    const message = "only the schema named 'exempt' may have matchingPrecedence 1";
    yield invalidValue(path, precedence, message);
  }
}

function* validateConditions(conditions: readonly { type?: string | undefined }[]): Causes {
  const seen = new Set<string>();
  for (const [index, { type = '' }] of conditions.entries()) {
    const path = fieldPath('status', 'conditions').index(index).child('type');
    if (seen.has(type)) yield duplicate(path, type);
    seen.add(type);
    if (type === '') yield required(path);
  }
}

/** What the API server asks of priority levels. */
export const priorityLevelRules = simpleKind<PriorityLevelConfiguration>({
  hasStatus: true,
  generation: true,
  applyDefaults: ({ spec }) => fillLevel(spec ?? {}),
  check: validateLevel,
  *validateUpdate(level) {
    yield* validateMetadata(level.metadata, CLUSTER_WIDE);
    yield* validateLevel(level);
  },
  validateStatusUpdate: ({ status }) => validateConditions(status?.conditions ?? []),
});

function fillLevel({ exempt, limited }: Partial<PriorityLevelConfigurationSpec>): void {
  if (exempt) exempt.nominalConcurrencyShares ??= 0;
  if (exempt) exempt.lendablePercent ??= 0;
  if (!limited) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

function* validateLevel({ metadata, spec, status }: PriorityLevelConfiguration): Causes {
  if (metadata.annotations?.[PRESERVE_ZERO] !== undefined) {
    const path = fieldPath('metadata', 'annotations');
    yield forbidden(path, `annotation '${PRESERVE_ZERO}' is forbidden`);
  }
  const { type = '', limited, exempt }: Partial<PriorityLevelConfigurationSpec> = spec ?? {};
  const typePath = SPEC.child('type');
  if ((metadata.name === EXEMPT) !== (type === 'Exempt')) {
    yield invalidValue(typePath, type, "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  if (type === 'Exempt') {
    const message = 'must be nil if the type is not Limited';
    if (limited) yield forbidden(SPEC.child('limited'), message);
    if (exempt) yield* validateShares(exempt, SPEC.child('exempt'));
  } else if (type === 'Limited') {
    if (exempt) yield forbidden(SPEC.child('exempt'), 'must be nil if the type is Limited');
    if (limited) yield* validateLimited(limited, SPEC.child('limited'));
    else yield required(SPEC.child('limited'), 'must not be empty when type is Limited');
  } else yield notSupported(typePath, type, ['Exempt', 'Limited']);
  yield* validateConditions(status?.conditions ?? []);
}

function* validateShares(level: ExemptPriorityLevelConfiguration, path: FieldPath): Causes {
  yield* validateShareCount(level.nominalConcurrencyShares, path);
  yield* validateLendable(level.lendablePercent, path);
}

function* validateShareCount(shares: number | undefined, path: FieldPath): Causes {
  if ((shares ?? 0) >= 0) return;
  yield invalidValue(
    path.child('nominalConcurrencyShares'),
    shares,
    'must be a non-negative integer',
  );
}

function* validateLendable(percent: number | undefined, path: FieldPath): Causes {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return;
  yield invalidValue(
    path.child('lendablePercent'),
    percent,
    'must be between 0 and 100, inclusive',
  );
}

function* validateLimited(level: LimitedPriorityLevelConfiguration, path: FieldPath): Causes {
  yield* validateShareCount(level.nominalConcurrencyShares, path);
  const { type = '', queuing } = level.limitResponse ?? {};
  const responsePath = path.child('limitResponse');
  const queuingPath = responsePath.child('queuing');
  if (type === 'Reject') {
    const message = 'must be nil if limited.limitResponse.type is not Limited';
    if (queuing) yield forbidden(queuingPath, message);
  } else if (type === 'Queue') {
    const message = 'must not be empty if limited.limitResponse.type is Limited';
    if (queuing) yield* validateQueuing(queuing, queuingPath);
    else yield required(queuingPath, message);
  } else yield notSupported(responsePath.child('type'), type, ['Queue', 'Reject']);
  yield* validateLendable(level.lendablePercent, path);
  const borrowing = level.borrowingLimitPercent;
  if (borrowing === undefined || borrowing >= 0) return;
  const message = 'if specified, must be a non-negative integer';
  yield invalidValue(path.child('borrowingLimitPercent'), borrowing, message);
}

function* validateQueuing(queuing: QueuingConfiguration, path: FieldPath): Causes {
  const { queueLengthLimit: length = 0, queues = 0, handSize = 0 } = queuing;
  if (length <= 0) yield invalidValue(path.child('queueLengthLimit'), length, 'must be positive');
  const queuesPath = path.child('queues');
  if (queues <= 0) yield invalidValue(queuesPath, queues, 'must be positive');
  else if (queues > QUEUES_MAX) {
    yield invalidValue(queuesPath, queues, `must not be greater than ${QUEUES_MAX}`);
  }
  const handPath = path.child('handSize');
  const bits = entropyBits(queues, handSize);
  if (handSize <= 0) yield invalidValue(handPath, handSize, 'must be positive');
  else if (handSize > queues) {
    yield invalidValue(handPath, handSize, `should not be greater than queues (${queues})`);
  } else if (bits > HASH_BITS) {
    const deal = `deckSize ${queues} and handSize ${handSize}`;
    const message = `required entropy bits of ${deal} should not be greater than ${HASH_BITS}`;
    yield invalidValue(handPath, handSize, message);
  }
}

/** Bits of a hash that dealing a hand takes. */
function entropyBits(deckSize: number, handSize: number): number {
  return Math.ceil(Math.log2(deckSize) * handSize);
}
