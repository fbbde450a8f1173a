// Objects of which nothing is known but their kind, as Go writes them: the bookmarks of watches.
import { decodeObject } from './decode.ts';
import { isJsonObject, type JsonObject } from './object.ts';

const POD_TEMPLATE = ['template.spec.containers'];
const WORKLOAD = ['spec.selector', 'spec.template.spec.containers'];

/** Members without a value that are written all the same, by type. */
const NULLS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.containers'],
  PodTemplate: POD_TEMPLATE,
  StatefulSet: WORKLOAD,
  Deployment: WORKLOAD,
  DaemonSet: WORKLOAD,
  ReplicaSet: WORKLOAD,
  Job: ['spec.template.spec.containers'],
  CronJob: ['spec.jobTemplate.spec.template.spec.containers'],
  LimitRange: ['spec.limits'],
  CSINode: ['spec.drivers'],
  CertificateSigningRequest: ['spec.request'],
};

/** The members of an object of a built-in type beyond its kind and metadata, without values. */
export function zeroMembers(type: string): JsonObject {
  const { metadata: _, ...members } = decodeObject({}, { type }).object;
  for (const path of NULLS[type] ?? []) setNull(members, path.split('.'));
  return members;
}

function setNull(object: JsonObject, [first = '', ...rest]: readonly string[]): void {
  const member = object[first];
  if (rest.length === 0) object[first] = null;
  else if (isJsonObject(member)) setNull(member, rest);
}
