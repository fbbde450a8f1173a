// The CEL rules of a whole schema, x-kubernetes-validations, as the rules of a kind call them.
import type { StatusCause } from '../generated/types.ts';
import type { Json } from '../meta/object.ts';

export interface SchemaRules {
  /** The causes against a value; with the old one on an update. */
  validate(value: Json, old: Json | undefined): StatusCause[];
}
