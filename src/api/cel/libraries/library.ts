// How the Kubernetes functions of CEL are written down: opaque types, name spaces and functions, in
// the notation of the CEL library.

/** The CEL library finds the type of a value by its constructor: opaque values are of classes. */
export type OpaqueType = readonly [name: string, constructor: new (...values: never[]) => object];

/** `list<A>.min(): A`; the handler gets the receiver first. Whole numbers are bigint. */
export type CelFunction = readonly [signature: string, handler: (...values: never[]) => unknown];

export interface CelLibrary {
  readonly types?: readonly OpaqueType[];
  /** `sets` → the one value of the type that its functions have as receiver. */
  readonly namespaces?: Readonly<Record<string, readonly [typeName: string, value: object]>>;
  readonly functions: readonly CelFunction[];
}

/** An expression failed while it ran; the message is upstream's. */
export class CelRunError extends Error {
  override name = 'CelRunError';
}
