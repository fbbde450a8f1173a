// The rules of bindings. They are carried out and never stored, so hardly anything is left to say.
import type { Binding } from '../generated/types.ts';
import type { KubernetesObject } from '../meta/object.ts';
import { simpleKind } from '../simple-kind.ts';

/** What the API server asks of this kind. */
export const bindingRules = simpleKind<Binding & KubernetesObject>({
  namespaced: true,
  required: ['target.name'],
});
