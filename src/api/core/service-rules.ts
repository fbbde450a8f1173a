// The rules of services for the API server, which allocates addresses and node ports itself.
import type { Service } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { labelName } from './object-meta-validation.ts';
import {
  carryOverServiceFields,
  defaultIpFamilies,
  normalizeClusterIps,
  serviceDefaults,
} from './service-defaults.ts';
import {
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from './service-validation.ts';
import { loadBalancerWarnings } from './ip-warnings.ts';
import { serviceWarnings } from './service-warnings.ts';

/** What the API server asks of this kind. */
export const serviceRules = defineKind<Service>({
  namespaced: true,
  // API-410: since 1.36 a name may start with a digit.
  nameRule: labelName,
  hasStatus: true,
  createOnUpdate: true,
  initialStatus: () => ({ loadBalancer: {} }),
  fieldSelectors: {
    'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '',
    'spec.type': ({ spec }) => spec?.type ?? '',
  },
  applyDefaults: serviceDefaults,
  prepareForCreate({ spec }) {
    if (spec === undefined) return;
    normalizeClusterIps(spec);
    defaultIpFamilies(spec);
  },
  prepareForUpdate(service, old) {
    const { spec } = service;
    if (spec === undefined) return;
    // The order is upstream's: what was left out is filled before the fields are compared.
    carryOverServiceFields(spec, old.spec ?? {});
    normalizeClusterIps(spec, old.spec);
    defaultIpFamilies(spec);
    // A policy that came along with the type that it is for goes with it.
    const wasInternal = old.spec?.type !== 'ExternalName' && spec.type === 'ExternalName';
    const { internalTrafficPolicy: policy } = spec;
    if (wasInternal && policy === old.spec?.internalTrafficPolicy)
      delete spec.internalTrafficPolicy;
    if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatus,
  warnings: (service) => [...serviceWarnings(service)],
  statusWarnings: ({ status }) => loadBalancerWarnings(status?.loadBalancer?.ingress),
});
