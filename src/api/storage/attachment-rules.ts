// The rules of volume attachments and of classes of volume attributes, for the API server.
import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeAttachmentSpec,
  VolumeAttachmentStatus,
  VolumeAttributesClass,
  VolumeError,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsSubdomain } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { validateVolumeSpec } from '../core/persistent-volume-validation.ts';
import { validateDriverName } from '../core/volume-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, forbidden, invalidValue, required, tooLong } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { simpleKind } from '../simple-kind.ts';
import { validateParameters, validateProvisioner } from './storage-class-rules.ts';

const SPEC = fieldPath('spec');
const STATUS = fieldPath('status');
const CLUSTER_WIDE = { namespaced: false, nameRule: subdomainName };
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
const METADATA_LIMIT = 256 * 1024;
const MESSAGE_LIMIT = 1024;

/** What a client may leave out. */
interface Given {
  readonly spec?: Partial<VolumeAttachmentSpec> | undefined;
  readonly status?: VolumeAttachmentStatus | undefined;
}

/** What the API server asks of volume attachments. */
export const volumeAttachmentRules = simpleKind<VolumeAttachment>({
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  initialStatus: () => ({ attached: false }),
  check: validateAttachment,
  validateUpdate: validateAttachmentUpdate,
  validateStatusUpdate: validateAttachmentUpdate,
});

function* validateAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): Causes {
  yield* validateMetadata(attachment.metadata, CLUSTER_WIDE);
  yield* validateAttachment(attachment);
  if (semanticEqual(attachment.spec, old.spec)) return;
  yield invalidValue(SPEC, internalSpec(attachment.spec), 'field is immutable');
}

/** Messages show upstream's internal form. */
function internalSpec(spec: Partial<VolumeAttachmentSpec> = {}): object {
  const { attacher = '', source, nodeName = '' } = spec;
  const { persistentVolumeName = null, inlineVolumeSpec = null } = source ?? {};
  const from = { PersistentVolumeName: persistentVolumeName, InlineVolumeSpec: inlineVolumeSpec };
  return { Attacher: attacher, Source: from, NodeName: nodeName };
}

function* validateAttachment({ spec, status }: Given): Causes {
  const { attacher = '', source = {}, nodeName = '' } = spec ?? {};
  yield* validateDriverName(attacher, SPEC.child('attacher'));
  yield* validateSource(source, SPEC.child('source'));
  yield* dnsSubdomain(nodeName, SPEC.child('nodeName'));
  if (status) yield* validateStatus(status);
  const name = source.persistentVolumeName;
  if (name !== undefined) yield* dnsSubdomain(name, SPEC.child('source', 'persistentVolumeName'));
}

function* validateSource(source: VolumeAttachmentSource, path: FieldPath): Causes {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  if (inline === undefined && name === undefined) yield required(path, ONE_SOURCE);
  else if (inline !== undefined && name !== undefined) yield forbidden(path, ONE_SOURCE);
  else if (inline !== undefined) {
    yield* validateVolumeSpec(inline, path.child('inlineVolumeSpec'), { inline: true });
  } else if (name === '') {
    const message = 'must specify non empty persistentVolumeName';
    yield required(path.child('persistentVolumeName'), message);
  }
}

function* validateStatus({ attachmentMetadata, ...status }: VolumeAttachmentStatus): Causes {
  const sizes = Object.entries(attachmentMetadata ?? {}).map(
    ([key, value]) => Buffer.byteLength(key) + Buffer.byteLength(value),
  );
  const size = sizes.reduce((sum, part) => sum + part, 0);
  if (size > METADATA_LIMIT) yield tooLong(STATUS.child('attachmentMetadata'), METADATA_LIMIT);
  yield* validateError(status.attachError, STATUS.child('attachError'));
  yield* validateError(status.detachError, STATUS.child('detachError'));
}

function* validateError(error: VolumeError | undefined, path: FieldPath): Causes {
  const { message = '', errorCode: code = 0 } = error ?? {};
  // The limit in the text is not the one that counts, as upstream.
  if (Buffer.byteLength(message) > MESSAGE_LIMIT)
    yield tooLong(path.child('message'), METADATA_LIMIT);
  if (code >= 0) return;
  const range = 'must be between 0 and 2147483647, inclusive';
  yield invalidValue(path.child('errorCode'), code, range);
}

/** What the API server asks of volume attribute classes. */
export const volumeAttributesClassRules = simpleKind<VolumeAttributesClass>({
  check: validateClass,
  *validateUpdate(attributes, old) {
    yield* validateMetadataUpdate(attributes.metadata, old.metadata);
    for (const field of ['driverName', 'parameters'] as const) {
      if (semanticEqual(attributes[field], old[field])) continue;
      yield forbidden(fieldPath(field), `updates to ${field} are forbidden.`);
    }
    yield* validateMetadata(attributes.metadata, CLUSTER_WIDE);
    yield* validateClass(attributes);
  },
});

function* validateClass({ driverName, parameters = {} }: VolumeAttributesClass): Causes {
  const path = fieldPath('parameters');
  yield* validateProvisioner(driverName, fieldPath('driverName'));
  yield* validateParameters(parameters, path);
  if (Object.keys(parameters).length > 0) return;
  yield required(path, 'must contain at least one key/value pair');
}
