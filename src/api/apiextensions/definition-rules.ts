// The rules of CustomResourceDefinitions for the API server (API-1001 … API-1007).
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionStatus,
} from '../generated/types.ts';
import { isKnownFormat } from './formats.ts';
import { schemaHas } from './structural-schema.ts';
import { pathSegmentName } from '../core/object-meta-validation.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import {
  validateDefinition,
  validateDefinitionStatus,
  validateDefinitionUpdate,
} from './definition-validation.ts';

/** What the API server asks of this kind. */
export const definitionRules = defineKind<CustomResourceDefinition>({
  namespaced: false,
  nameRule: pathSegmentName,
  hasStatus: true,
  specChanged: specDiffers,
  unconditionalUpdate: false,
  initialStatus: initialStatus,
  applyDefaults: fillNames,
  prepareForUpdate: noteStorage,
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  validateStatusUpdate: validateDefinitionStatus,
  warnings: formatWarnings,
});

function fillNames({ spec, status }: CustomResourceDefinition): void {
  const { names } = spec;
  // Absent from the body, the list is null to upstream.
  spec.versions ??= [];
  if (names.kind !== '') {
    names.singular ??= names.kind.toLowerCase();
    names.listKind ??= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  const { webhook } = spec.conversion;
  if (webhook?.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
  const accepted = status?.acceptedNames;
  if (accepted && accepted.kind !== '' && accepted.plural !== '') {
    accepted.singular ??= accepted.kind.toLowerCase();
    accepted.listKind ??= `${accepted.kind}List`;
  }
}

function storageOf({ spec }: CustomResourceDefinition): string | undefined {
  return spec.versions.find(({ storage }) => storage)?.name;
}

function initialStatus(definition: CustomResourceDefinition): CustomResourceDefinitionStatus {
  const storage = storageOf(definition);
  return {
    acceptedNames: { plural: '', kind: '' },
    conditions: [],
    storedVersions: storage === undefined ? [] : [storage],
  };
}

/** Whatever has been stored in a version stays on the list until somebody has migrated it. */
function noteStorage(definition: CustomResourceDefinition): void {
  const storage = storageOf(definition);
  const { status } = definition;
  if (storage === undefined || !status) return;
  const stored = status.storedVersions ?? [];
  if (stored.includes(storage)) return;
  definition.status = { ...status, storedVersions: [...stored, storage] };
}

/** About formats that say nothing, and did not stand there before. */
function formatWarnings(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): string[] {
  const known = new Set(old ? unknownFormats(old) : []);
  const fresh = unknownFormats(definition).filter((format) => !known.has(format));
  return fresh.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const found = new Set<string>();
  for (const { schema } of spec.versions) {
    schemaHas(schema?.openAPIV3Schema, ({ format = '', type = '' }) => {
      if (format !== '' && !isKnownFormat(format, type)) found.add(format);
      return false;
    });
  }
  return [...found];
}
