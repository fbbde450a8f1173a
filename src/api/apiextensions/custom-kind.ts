// What a CustomResourceDefinition serves: a resource for each of its versions, with everything that
// the table of resources does not say about built-in ones.
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  WebhookConversion,
} from '../generated/types.ts';
import { ALL_VERBS } from '../define-resource.ts';
import type { KindRules } from '../kind-rules.ts';
import type { TypeSchema } from '../meta/apply/type-schema.ts';
import { isConditionTrue } from '../meta/conditions.ts';
import type { Json, KubernetesObject } from '../meta/object.ts';
import type { ResourceDefinition } from '../resources.ts';
import { applySchema } from './apply-schema.ts';
import { customRules } from './custom-rules.ts';
import { prune } from './prune.ts';
import { withDefaults } from './schema-defaults.ts';
import type { SchemaRules } from './schema-rules.ts';
import type { Schema } from './structural-schema.ts';
import { byVersionPriority } from './version-priority.ts';

/** The part of a resource that only a custom one has. */
export interface CustomKind {
  readonly listKind: string;
  readonly schema: Schema;
  readonly rules: KindRules;
  readonly columns: readonly CustomResourceColumnDefinition[];
  /** Paths that field selectors may use, without the first dot. */
  readonly selectable: readonly string[];
  readonly scale: CustomResourceSubresourceScale | undefined;
  readonly applySchema: TypeSchema;
  /** All that the definition has, of which objects may have owners (API-641). */
  readonly apiVersions: ReadonlySet<string>;
  /** The definition is being deleted: there are no new objects. */
  readonly isEnding: boolean;
  /** Said with every reply of a version that is on its way out (API-114). */
  readonly deprecation: string | undefined;
  /** Set when objects are converted by a webhook, from and to the stored version. */
  readonly conversion: WebhookConversion | undefined;
  /** `group/version` in which objects are stored. */
  readonly storedVersion: string;
  /** A stored object as this version shows it; the object itself when it is that already. */
  fromStored(object: KubernetesObject): KubernetesObject;
  /** An object of this version as it is stored. */
  toStored(object: KubernetesObject): KubernetesObject;
}

export type CustomResource = ResourceDefinition & { readonly custom: CustomKind };

export function isCustom(resource: ResourceDefinition): resource is CustomResource {
  return resource.custom !== undefined;
}

/** True when the definition's endpoints are there. */
export function isEstablished({ status }: CustomResourceDefinition): boolean {
  return isConditionTrue(status?.conditions, 'Established');
}

const NO_SCHEMA: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function schemaOf({ schema }: CustomResourceDefinitionVersion): Schema {
  return schema?.openAPIV3Schema ?? NO_SCHEMA;
}

/** The served resources of a definition, whether established or not. Without their rules. */
export function namesOfDefinition({ spec, status }: CustomResourceDefinition) {
  const names = status?.acceptedNames ?? spec.names;
  return spec.versions
    .filter(({ served }) => served)
    .toSorted((a, b) => byVersionPriority(a.name, b.name))
    .map((version): ResourceDefinition => {
      const { subresources = {} } = version;
      return {
        group: spec.group,
        version: version.name,
        resource: names.plural,
        kind: names.kind,
        singular: names.singular ?? '',
        model: '',
        namespaced: spec.scope === 'Namespaced',
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        verbs: ALL_VERBS,
        subresources: [
          ...(subresources.status === undefined ? [] : ['status']),
          ...(subresources.scale === undefined ? [] : ['scale']),
        ],
      };
    });
}

/** The served resources of a definition with everything about them. */
export function customResourcesOf(
  definition: CustomResourceDefinition,
  makeSchemaRules: (schema: Schema) => SchemaRules | undefined,
): CustomResource[] {
  return namesOfDefinition(definition).map((resource) => ({
    ...resource,
    custom: customKind(definition, resource, makeSchemaRules),
  }));
}

function customKind(
  definition: CustomResourceDefinition,
  resource: ResourceDefinition,
  makeSchemaRules: (schema: Schema) => SchemaRules | undefined,
): CustomKind {
  const { spec } = definition;
  const version = versionNamed(definition, resource.version);
  const schema = schemaOf(version);
  const apiVersion = `${spec.group}/${version.name}`;
  const { kind, namespaced } = resource;
  let rules: KindRules | undefined;
  const makeRules = () =>
    customRules({
      namespaced,
      kind,
      apiVersion,
      version,
      schema,
      schemaRules: makeSchemaRules(schema),
    });
  return {
    listKind: definition.status?.acceptedNames?.listKind ?? spec.names.listKind ?? `${kind}List`,
    schema,
    // Compiling takes time and the engines: only who uses the rules pays for it.
    get rules() {
      return (rules ??= makeRules());
    },
    columns: version.additionalPrinterColumns ?? [],
    selectable: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
    scale: version.subresources?.scale,
    applySchema: applySchema(schema),
    apiVersions: new Set(spec.versions.map(({ name }) => `${spec.group}/${name}`)),
    isEnding: definition.metadata.deletionTimestamp !== undefined,
    deprecation: deprecationOf(definition, resource),
    conversion: webhookOf(definition),
    storedVersion: `${spec.group}/${storageOf(definition, version).name}`,
    ...storedForms(definition, version),
  };
}

function versionNamed({ spec }: CustomResourceDefinition, name: string) {
  const version = spec.versions.find((candidate) => candidate.name === name);
  if (!version) throw new Error(`the definition has no version ${name}`);
  return version;
}

/** API-1008: conversion None changes apiVersion; each version prunes by its own schema. */
function storedForms(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): Pick<CustomKind, 'fromStored' | 'toStored'> {
  const { spec } = definition;
  const schemas = new Map<string, Schema>(
    spec.versions.map((one) => [`${spec.group}/${one.name}`, schemaOf(one)]),
  );
  const own = `${spec.group}/${version.name}`;
  const storage = storageOf(definition, version);
  const stored = `${spec.group}/${storage.name}`;
  return {
    fromStored(object) {
      const schema = schemas.get(object.apiVersion) ?? schemaOf(version);
      const complete = withDefaults(pruned(object, schema), schema);
      return converted(complete as unknown as KubernetesObject, own, schemaOf(version));
    },
    // A webhook converts below, where the store is.
    toStored: webhookOf(definition)
      ? (object) => object
      : (object) => converted(object, stored, schemaOf(storage)),
  };
}

function storageOf(
  { spec }: CustomResourceDefinition,
  otherwise: CustomResourceDefinitionVersion,
): CustomResourceDefinitionVersion {
  return spec.versions.find(({ storage }) => storage) ?? otherwise;
}

function webhookOf({ spec }: CustomResourceDefinition): WebhookConversion | undefined {
  const { strategy, webhook } = spec.conversion ?? {};
  return strategy === 'Webhook' ? webhook : undefined;
}

function pruned(object: KubernetesObject, schema: Schema): Json {
  return prune(object as unknown as Json, schema, true).value;
}

function converted(object: KubernetesObject, apiVersion: string, schema: Schema): KubernetesObject {
  if (object.apiVersion === apiVersion) return object;
  return { ...(pruned(object, schema) as unknown as KubernetesObject), apiVersion };
}

function deprecationOf(
  definition: CustomResourceDefinition,
  { group, version, kind }: ResourceDefinition,
): string | undefined {
  const { deprecated, deprecationWarning } = versionNamed(definition, version);
  if (deprecated !== true) return undefined;
  if (deprecationWarning !== undefined) return deprecationWarning;
  const text = `${group}/${version} ${kind} is deprecated`;
  const better = definition.spec.versions
    .filter(({ served, deprecated: old }) => served && old !== true)
    .map(({ name }) => name)
    .filter((name) => byVersionPriority(name, version) < 0)
    .sort(byVersionPriority)[0];
  return better === undefined ? text : `${text}; use ${group}/${better} ${kind}`;
}
