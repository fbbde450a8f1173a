// The rules of ingresses for the API server.
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressTLS,
  TypedLocalObjectReference,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsSubdomain, isBlank, portNumber } from '../core/field-rules.ts';
import { parseIp, validateIp } from '../core/ip-validation.ts';
import { loadBalancerWarnings } from '../core/ip-warnings.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
  validatePortName,
  validateWildcardDns1123Subdomain,
} from '../meta/names.ts';

const SPEC = fieldPath('spec');
const INGRESS = fieldPath('status', 'loadBalancer', 'ingress');
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];
const NOT_AN_ADDRESS = 'must be a DNS name, not an IP address';

/** What the API server asks of this kind. */
export const ingressRules = defineKind<Ingress>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: () => ({ loadBalancer: {} }),
  *validate({ metadata, spec = {} }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec);
    const annotation = metadata.annotations?.[CLASS_ANNOTATION];
    if (annotation === undefined || spec.ingressClassName === undefined) return;
    if (annotation !== spec.ingressClassName) {
      const message = 'must match `ingressClassName` when both are specified';
      yield invalidValue(fieldPath('annotations', CLASS_ANNOTATION), annotation, message);
    }
  },
  *validateUpdate({ metadata, spec = {} }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec);
  },
  *validateStatusUpdate({ metadata, status }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    const known = (old.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
    for (const [index, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
      const path = INGRESS.index(index);
      if (!isBlank(ip)) yield* validateIp(ip, path.child('ip'), known);
      if (isBlank(hostname)) continue;
      const namePath = path.child('hostname');
      yield* dnsSubdomain(hostname, namePath);
      if (parseIp(hostname)) yield invalidValue(namePath, hostname, NOT_AN_ADDRESS);
    }
  },
  warnings({ metadata, spec }, old) {
    if (old) return [];
    const annotated = metadata.annotations?.[CLASS_ANNOTATION] !== undefined;
    if (!annotated || spec?.ingressClassName !== undefined) return [];
    const advice = "please use 'spec.ingressClassName' instead";
    return [`annotation "${CLASS_ANNOTATION}" is deprecated, ${advice}`];
  },
  statusWarnings: ({ status }) => loadBalancerWarnings(status?.loadBalancer?.ingress),
});

function* validateSpec(spec: IngressSpec): Causes {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    const message = 'either `defaultBackend` or `rules` must be specified';
    yield invalidValue(SPEC, spec.rules ?? null, message);
  }
  if (defaultBackend) yield* validateBackend(defaultBackend, SPEC.child('defaultBackend'));
  for (const [index, rule] of rules.entries()) {
    yield* validateRule(rule, SPEC.child('rules').index(index));
  }
  for (const [index, entry] of tls.entries()) {
    yield* validateTls(entry, SPEC.child('tls').index(index));
  }
  if (ingressClassName === undefined) return;
  const messages = validateDns1123Subdomain(ingressClassName);
  yield* invalidForEach(SPEC.child('ingressClassName'), ingressClassName, messages);
}

function* validateRule({ host, http }: IngressRule, path: FieldPath): Causes {
  if (!isBlank(host)) yield* validateHost(host, path.child('host'));
  if (!http) return;
  const pathsPath = path.child('http', 'paths');
  const paths = http.paths ?? [];
  if (paths.length === 0) yield required(pathsPath);
  for (const [index, entry] of paths.entries()) yield* validatePath(entry, pathsPath.index(index));
}

function* validateHost(host: string, path: FieldPath): Causes {
  if (parseIp(host)) yield invalidValue(path, host, NOT_AN_ADDRESS);
  const messages = host.includes('*')
    ? validateWildcardDns1123Subdomain(host)
    : validateDns1123Subdomain(host);
  yield* invalidForEach(path, host, messages);
}

function* validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: FieldPath): Causes {
  if (isBlank(pathType)) {
    yield required(at.child('pathType'), 'pathType must be specified');
    return;
  }
  const pathPath = at.child('path');
  const relative = !path.startsWith('/');
  if (!PATH_TYPES.includes(pathType))
    yield notSupported(at.child('pathType'), pathType, PATH_TYPES);
  else if (relative && (pathType !== 'ImplementationSpecific' || path !== '')) {
    yield invalidValue(pathPath, path, 'must be an absolute path');
  }
  if (pathType === 'Exact' || pathType === 'Prefix') {
    for (const bad of BAD_SEQUENCES) {
      if (path.includes(bad)) yield invalidValue(pathPath, path, `must not contain '${bad}'`);
    }
    for (const bad of BAD_SUFFIXES) {
      if (path.endsWith(bad)) yield invalidValue(pathPath, path, `cannot end with '${bad}'`);
    }
  }
  yield* validateBackend(backend ?? {}, at.child('backend'));
}

function* validateBackend({ resource, service }: IngressBackend, path: FieldPath): Causes {
  if (resource && service) {
    yield invalidValue(path, '', 'cannot set both resource and service backends');
  } else if (resource) yield* validateReference(resource, path.child('resource'));
  else if (service) yield* validateService(service, path);
  else yield invalidValue(path, '', 'resource or service backend is required');
}

function* validateService({ name, port = {} }: IngressServiceBackend, path: FieldPath): Causes {
  const namePath = path.child('service', 'name');
  if (isBlank(name)) yield required(namePath);
  else yield* invalidForEach(namePath, name, validateDns1123Label(name));
  const portPath = path.child('service', 'port');
  const named = !isBlank(port.name);
  const numbered = (port.number ?? 0) !== 0;
  if (named && numbered) yield invalidValue(path, '', 'cannot set both port name & port number');
  else if (named) {
    const portName = port.name ?? '';
    yield* invalidForEach(portPath.child('name'), portName, validatePortName(portName));
  } else if (numbered) yield* portNumber(port.number ?? 0, portPath.child('number'));
  else yield required(path, 'port name or number is required');
}

/** A reference to any object of the same namespace. */
export function* validateReference(
  { apiGroup, kind, name }: TypedLocalObjectReference,
  path: FieldPath,
): Causes {
  if (apiGroup !== undefined && apiGroup !== null) {
    yield* invalidForEach(path.child('apiGroup'), apiGroup, validateDns1123Subdomain(apiGroup));
  }
  for (const [field, value] of [
    ['kind', kind],
    ['name', name],
  ] as const) {
    if (isBlank(value)) yield required(path.child(field));
    else yield* invalidForEach(path.child(field), value, validatePathSegmentName(value));
  }
}

function* validateTls({ hosts = [], secretName }: IngressTLS, path: FieldPath): Causes {
  for (const [index, host] of hosts.entries()) {
    const messages = host.includes('*')
      ? validateWildcardDns1123Subdomain(host)
      : validateDns1123Subdomain(host);
    yield* invalidForEach(path.child('hosts').index(index), host, messages);
  }
  if (isBlank(secretName)) return;
  const messages = validateDns1123Subdomain(secretName);
  yield* invalidForEach(path.child('secretName'), secretName, messages);
}
