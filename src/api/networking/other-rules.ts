// The rules of ingress classes, IP addresses and service ranges for the API server.
import type {
  IPAddress,
  IngressClass,
  IngressClassParametersReference,
  ServiceCIDR,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsLabel, domainPrefixedPath, isBlank } from '../core/field-rules.ts';
import { validateCidr } from '../core/ip-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, forbidden, notSupported, required, tooLong } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';
import { validateReference } from './ingress-rules.ts';

const CONTROLLER_MAX = 250;

/** What the API server asks of ingress classes. */
export const ingressClassRules = simpleKind<IngressClass>({
  generation: true,
  fixed: ['spec.controller'],
  applyDefaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  *check({ spec = {} }) {
    const { controller = '', parameters } = spec;
    const path = fieldPath('spec', 'controller');
    if (controller.length > CONTROLLER_MAX) yield tooLong(path, CONTROLLER_MAX);
    yield* domainPrefixedPath(controller, path);
    if (parameters) yield* validateParameters(parameters, fieldPath('spec', 'parameters'));
  },
});

function* validateParameters(parameters: IngressClassParametersReference, path: FieldPath): Causes {
  yield* validateReference(parameters, path);
  const { scope, namespace } = parameters;
  const namespacePath = path.child('namespace');
  if (isBlank(scope)) yield required(path.child('scope'));
  else if (scope === 'Namespace') {
    if (namespace === undefined) {
      yield required(namespacePath, "`parameters.scope` is set to 'Namespace'");
    } else yield* dnsLabel(namespace, namespacePath);
  } else if (scope === 'Cluster') {
    if (namespace === undefined) return;
    yield forbidden(namespacePath, "`parameters.scope` is set to 'Cluster'");
  } else yield notSupported(path.child('scope'), scope, ['Cluster', 'Namespace']);
}

/** What the API server asks of IP addresses. */
export const ipAddressRules = simpleKind<IPAddress>({
  required: ['spec.parentRef', 'spec.parentRef.resource', 'spec.parentRef.name'],
  fixed: ['spec.parentRef'],
});

/** What the API server asks of service ranges. */
export const serviceCidrRules = simpleKind<ServiceCIDR>({
  hasStatus: true,
  required: ['spec.cidrs'],
  *check({ spec }) {
    for (const [index, cidr] of (spec?.cidrs ?? []).entries()) {
      yield* validateCidr(cidr, fieldPath('spec', 'cidrs').index(index));
    }
  },
});
