// Fields that a write through a (sub)resource can't set, and so can't own (API-648).
import { differenceBelow, fieldSetOf, matching } from './field-set.ts';
import type { FieldSet } from './field-set.ts';

/** Leaves out what the writer can't own. */
export type FieldFilter = (set: FieldSet) => FieldSet;

export interface WrittenResource {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly hasStatus: boolean;
}

const status = fieldSetOf(['f:status']);
const spec = fieldSetOf(['f:spec']);
/** What statuses keep besides the spec. */
const statusKeeps = new Map<string, FieldSet>([
  ['deployments.apps', fieldSetOf(['f:spec'], ['f:metadata', 'f:labels'])],
  [
    'pods',
    fieldSetOf(
      ['f:spec'],
      ['f:metadata', 'f:deletionTimestamp'],
      ['f:metadata', 'f:ownerReferences'],
    ),
  ],
]);

/** What may be owned through a subresource that sets one part of a pod. */
const ephemeralContainers = fieldSetOf(['f:spec', 'f:ephemeralContainers']);
/** Subresources that take ownership of whatever is sent, as upstream. */
const unfiltered: ReadonlySet<string> = new Set(['scale', 'resize']);
const filters = new Map<string, FieldFilter>();

/** The filter of writes through the main resource (`subresource` empty) or a subresource. */
export function resetFilter(written: WrittenResource): FieldFilter {
  const { group, resource, subresource, hasStatus } = written;
  const name = group === '' ? resource : `${resource}.${group}`;
  const key = `${name}/${subresource}`;
  let filter = filters.get(key);
  if (!filter) {
    filter = makeFilter(name, subresource, hasStatus);
    filters.set(key, filter);
  }
  return filter;
}

function makeFilter(name: string, subresource: string, hasStatus: boolean): FieldFilter {
  if (subresource === 'status') return without(statusKeeps.get(name) ?? spec);
  if (subresource === 'ephemeralcontainers') return (set) => matching(set, ephemeralContainers);
  if (unfiltered.has(subresource) || !hasStatus) return (set) => set;
  return without(status);
}

function without(gone: FieldSet): FieldFilter {
  return (set) => differenceBelow(set, gone);
}
