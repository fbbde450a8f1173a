// The rules of flow schemas and priority levels. The server keeps them and does not act on them.
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/types.ts';
import { oneOf } from '../core/field-rules.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';

const PRECEDENCE = 1000;

/** What the API server asks of flow schemas. */
export const flowSchemaRules = simpleKind<FlowSchema>({
  hasStatus: true,
  generation: true,
  required: ['spec.priorityLevelConfiguration.name'],
  applyDefaults({ spec }) {
    if (spec && (spec.matchingPrecedence ?? 0) === 0) spec.matchingPrecedence = PRECEDENCE;
  },
});

/** What the API server asks of priority levels. */
export const priorityLevelRules = simpleKind<PriorityLevelConfiguration>({
  hasStatus: true,
  generation: true,
  required: ['spec.type'],
  check: ({ spec }) => oneOf(spec?.type, fieldPath('spec', 'type'), ['Exempt', 'Limited']),
});
