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
  /** True for custom resources. */
  readonly custom: boolean;
}

const status = fieldSetOf(['f:status']);
const spec = fieldSetOf(['f:spec']);
const allButStatus = fieldSetOf(['f:metadata'], ['f:spec']);
const certificates = 'certificatesigningrequests.certificates.k8s.io';
/** What certificate requests keep, by subresource. */
const certificateKeeps = new Map<string, FieldSet>([
  ['', fieldSetOf(['f:spec'], ['f:status'])],
  ['status', fieldSetOf(['f:spec'], ['f:status', 'f:conditions'])],
  ['approval', fieldSetOf(['f:spec'], ['f:status', 'f:certificate'])],
]);
/** What statuses keep if it is not just the spec. */
const statusKeeps = new Map<string, FieldSet>([
  ['flowschemas.flowcontrol.apiserver.k8s.io', allButStatus],
  ['prioritylevelconfigurations.flowcontrol.apiserver.k8s.io', allButStatus],
  ['servicecidrs.networking.k8s.io', allButStatus],
  ['validatingadmissionpolicies.admissionregistration.k8s.io', allButStatus],
  ['volumeattachments.storage.k8s.io', allButStatus],
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
  const { group, resource, subresource, hasStatus, custom } = written;
  if (custom) return customFilter(subresource, hasStatus);
  const name = group === '' ? resource : `${resource}.${group}`;
  const key = `${name}/${subresource}`;
  let filter = filters.get(key);
  if (!filter) {
    filter = makeFilter(name, subresource, hasStatus);
    filters.set(key, filter);
  }
  return filter;
}

function customFilter(subresource: string, hasStatus: boolean): FieldFilter {
  if (subresource === 'status') return keepsAllButStatus;
  return subresource === 'scale' || !hasStatus ? keepsNothing : keepsStatus;
}

function makeFilter(name: string, subresource: string, hasStatus: boolean): FieldFilter {
  const certificateKept = name === certificates ? certificateKeeps.get(subresource) : undefined;
  if (certificateKept) return without(certificateKept);
  if (subresource === 'status') return without(statusKeeps.get(name) ?? spec);
  if (subresource === 'ephemeralcontainers') return (set) => matching(set, ephemeralContainers);
  return unfiltered.has(subresource) || !hasStatus ? keepsNothing : keepsStatus;
}

function without(gone: FieldSet): FieldFilter {
  return (set) => differenceBelow(set, gone);
}

const keepsNothing: FieldFilter = (set) => set;
const keepsStatus = without(status);
const keepsAllButStatus = without(allButStatus);
