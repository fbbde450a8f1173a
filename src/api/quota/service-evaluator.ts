// How quotas count services: all, those with a load balancer, and their node ports.
import type { Service } from '../generated/types.ts';
import type { ResourceList } from '../core/resource-list.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';

const NAMES: readonly string[] = [
  'count/services',
  'services',
  'services.nodeports',
  'services.loadbalancers',
];

/** The evaluator of services. */
export const serviceEvaluator: QuotaEvaluator = {
  handles: ({ subresource }) => subresource === '',
  tracks: (name) => NAMES.includes(name),
  inScope: () => false,
  missing: () => undefined,
  usage: (object) => usageOf(object as Service),
};

function usageOf({ spec }: Service): ResourceList {
  const isBalanced = spec?.type === 'LoadBalancer';
  return {
    'count/services': '1',
    services: '1',
    'services.loadbalancers': isBalanced ? '1' : '0',
    'services.nodeports': String(nodePorts(spec)),
  };
}

/** Ports are not allocated yet: what counts is what was asked for. */
function nodePorts(spec: Service['spec']): number {
  const ports = spec?.ports ?? [];
  if (spec?.type === 'NodePort') return ports.length;
  if (spec?.type !== 'LoadBalancer') return 0;
  if (spec.allocateLoadBalancerNodePorts !== false) return ports.length;
  return ports.filter(({ nodePort = 0 }) => nodePort !== 0).length;
}
