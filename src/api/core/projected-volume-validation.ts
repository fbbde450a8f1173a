// Projected volumes: several sources in one directory, no file twice.
import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validateFieldRef, validateResourceFieldRef } from './downward-api-validation.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, requiredText } from './field-rules.ts';
import { validateNonReservedPath } from './path-validation.ts';
import { validateItem } from './volume-validation.ts';

const DOWNWARD_FIELDS: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const MIN_TOKEN_SECONDS = 600;
const MIN_CERTIFICATE_SECONDS = 3600;
const MAX_CERTIFICATE_SECONDS = 91 * 86400;
// prettier-ignore
const KEY_TYPES = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const SOURCES = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
] as const;

/** A file mode: 0 to 0777. */
export function* validateVolumeMode(mode: number | undefined, path: FieldPath): Causes {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return;
  yield invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
}

/** A file of the downward API; `path` is where upstream reports its errors. */
export function* validateDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath): Causes {
  yield* requiredText(file.path, path.child('path'));
  yield* validateNonReservedPath(file.path ?? '', path.child('path'));
  if (file.fieldRef) {
    yield* validateFieldRef(file.fieldRef, path.child('fieldRef'), DOWNWARD_FIELDS);
    if (file.resourceFieldRef) {
      const message = 'fieldRef and resourceFieldRef can not be specified simultaneously';
      yield invalidValue(path, 'resource', message);
    }
  } else if (file.resourceFieldRef) {
    yield* validateResourceFieldRef(file.resourceFieldRef, path.child('resourceFieldRef'), true);
  } else yield required(path, 'one of fieldRef and resourceFieldRef is required');
  yield* validateVolumeMode(file.mode, path.child('mode'));
}

/** Where the volume stands, and the files seen so far. */
interface Target {
  readonly volumePath: FieldPath;
  readonly files: Set<string>;
}

/** A projected volume at `path`. */
export function* validateProjectedVolume(volume: ProjectedVolumeSource, path: FieldPath): Causes {
  yield* validateVolumeMode(volume.defaultMode, path.child('defaultMode'));
  const target: Target = { volumePath: path, files: new Set() };
  for (const [i, source] of (volume.sources ?? []).entries()) {
    const sourcePath = path.child('sources').index(i);
    yield* validateSource(source, sourcePath, target);
    if (SOURCES.filter((kind) => source[kind] !== undefined).length > 1) {
      yield forbidden(sourcePath, 'may not specify more than 1 volume type per source');
    }
  }
}

function* validateSource(source: VolumeProjection, path: FieldPath, target: Target): Causes {
  for (const kind of ['secret', 'configMap'] as const) {
    const keyed = source[kind];
    if (keyed === undefined) continue;
    const kindPath = path.child(kind);
    yield* requiredText(keyed.name, kindPath.child('name'));
    for (const [i, item] of (keyed.items ?? []).entries()) {
      yield* validateItem(item, kindPath.child('items').index(i));
      yield* uniqueFile(item.path, target, keyed.name);
    }
  }
  for (const file of source.downwardAPI?.items ?? []) {
    yield* validateDownwardFile(file, path.child('downwardAPI'));
    yield* uniqueFile(file.path, target);
  }
  const { serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (serviceAccountToken) {
    yield* validateToken(serviceAccountToken, path.child('serviceAccountToken'), target);
  }
  if (clusterTrustBundle) {
    yield* validateTrustBundle(clusterTrustBundle, path.child('clusterTrustBundle'), target);
  }
  if (podCertificate) {
    yield* validateCertificate(podCertificate, path.child('podCertificate'), target);
  }
}

function* uniqueFile(file: string | undefined, target: Target, shown = file): Causes {
  if (isBlank(file)) return;
  if (target.files.has(file)) {
    yield invalidValue(target.volumePath, shown ?? '', 'conflicting duplicate paths');
  }
  target.files.add(file);
}

function* validateToken(
  token: ServiceAccountTokenProjection,
  path: FieldPath,
  { volumePath }: Target,
): Causes {
  const seconds = token.expirationSeconds ?? 0;
  const secondsPath = path.child('expirationSeconds');
  if (seconds < MIN_TOKEN_SECONDS) {
    yield invalidValue(secondsPath, seconds, 'may not specify a duration less than 10 minutes');
  }
  if (seconds > 2 ** 32) {
    const message = 'may not specify a duration larger than 2^32 seconds';
    yield invalidValue(secondsPath, seconds, message);
  }
  // Upstream reports the path at the volume.
  const filePath = volumePath.child('path');
  if (isBlank(token.path)) yield required(filePath);
  else yield* validateNonReservedPath(token.path, filePath);
}

function* validateTrustBundle(
  bundle: ClusterTrustBundleProjection,
  path: FieldPath,
  target: Target,
): Causes {
  const { name, signerName, labelSelector } = bundle;
  if (name !== undefined && signerName !== undefined) {
    yield invalidValue(path, bundle, 'only one of name and signerName may be used');
  } else if (name !== undefined) {
    if (name === '') yield required(path.child('name'), 'must be a valid object name');
    if (labelSelector !== undefined) {
      const message = 'labelSelector must be unset if name is specified';
      yield invalidValue(path.child('labelSelector'), labelSelector, message);
    }
  } else if (signerName !== undefined) {
    if (signerName === '') yield required(path.child('signerName'), 'must be a valid signer name');
    yield* validateSignerName(signerName, path.child('signerName'));
    yield* validateLabelSelector(labelSelector, path.child('labelSelector'));
  } else yield required(path, 'either name or signerName must be specified');
  yield* requiredText(bundle.path, path.child('path'));
  yield* validateNonReservedPath(bundle.path ?? '', path.child('path'));
  yield* uniqueFile(bundle.path, target);
}

function* validateSignerName(name: string, path: FieldPath): Causes {
  if (name === '') yield required(path);
  else if (name.split('/').length !== 2) {
    const form = "of the form 'example.com/signer-name'";
    yield invalidValue(path, name, `must be a fully qualified domain and path ${form}`);
  }
}

function* validateCertificate(
  certificate: PodCertificateProjection,
  path: FieldPath,
  target: Target,
): Causes {
  yield* validateSignerName(certificate.signerName ?? '', path.child('signerName'));
  const keyType = certificate.keyType ?? '';
  if (!KEY_TYPES.includes(keyType)) yield notSupported(path.child('keyType'), keyType, KEY_TYPES);
  const seconds = certificate.maxExpirationSeconds ?? MIN_CERTIFICATE_SECONDS;
  const secondsPath = path.child('maxExpirationSeconds');
  if (seconds < MIN_CERTIFICATE_SECONDS || seconds > MAX_CERTIFICATE_SECONDS) {
    const bound =
      seconds < MIN_CERTIFICATE_SECONDS
        ? `>= ${MIN_CERTIFICATE_SECONDS}`
        : `<= ${MAX_CERTIFICATE_SECONDS}`;
    const message = `if provided, maxExpirationSeconds must be ${bound}`;
    yield invalidValue(secondsPath, seconds, message);
  }
  let files = 0;
  for (const field of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const file = certificate[field];
    if (isBlank(file)) continue;
    files++;
    yield* validateNonReservedPath(file, path.child(field));
    yield* uniqueFile(file, target);
  }
  if (files === 0) {
    const names = 'credentialBundlePath, keyPath, and certificateChainPath';
    yield required(path, `specify at least one of ${names}`);
  }
}
