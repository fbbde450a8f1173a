// Definitions as tests need them, and a server that knows them.
import type { CustomResourceDefinition } from '../../api/generated/types.ts';
import type { JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import type { TestApi } from '../testing/test-api.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';

type Version = CustomResourceDefinition['spec']['versions'][number];

/** A served version with the given schema of the spec. */
export function version(spec: object, more: Partial<Version> = {}): Version {
  const properties = { spec, status: { type: 'object', ...OPEN } };
  return {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties } as never },
    ...more,
  };
}

const OPEN = { 'x-kubernetes-preserve-unknown-fields': true };

/** The definition of widgets.example.com. */
export function widgets(versions: Version[], more: object = {}): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      scope: 'Namespaced',
      versions: versions as never,
      ...more,
    },
  };
}

/** Defines widgets by the properties of their spec. */
export async function define(api: TestApi, properties: object, more: Partial<Version> = {}) {
  const spec = { type: 'object', properties };
  await api.ok(`POST ${DEFINITIONS}`, widgets([version(spec, more)]));
}

export interface Widget extends KubernetesObject {
  spec?: JsonObject;
  status?: JsonObject;
}

/** A widget of a name. */
export function widget(name: string, spec: object = {}, apiVersion = 'example.com/v1'): object {
  return { apiVersion, kind: 'Widget', metadata: { name }, spec };
}
