// Admission of what is no object of its own: what is posted to a subresource, and connections to
// pods. Only webhooks and policies look at these.
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { HandlerContext, ResourceRequest } from '../handlers/handler-context.ts';
import { admissionRequest } from './admission-request.ts';
import { admit, mutate } from './admission.ts';
import { whenDone } from './when-done.ts';

export interface AdmittedPart {
  readonly operation: 'create' | 'connect';
  readonly kind: ResourceDefinition;
  /** Webhooks may change it. */
  readonly object: KubernetesObject;
  readonly dryRun: boolean;
}

/** Throws what a webhook or a policy refuses with. A promise when one is asked. */
export function admitPart(
  context: HandlerContext,
  target: ResourceRequest,
  part: AdmittedPart,
): void | Promise<void> {
  const request = admissionRequest(context, target, { ...part, old: undefined });
  return whenDone(mutate(request), () => admit(request));
}

const CONNECT_OPTIONS: Readonly<Record<string, string>> = {
  'pods/exec': 'PodExecOptions',
  'pods/attach': 'PodAttachOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
};
const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'] as const;

/** As admitPart, for a connection; nothing for other requests. */
export function admitConnect(
  context: HandlerContext,
  target: ResourceRequest,
): void | Promise<void> {
  const { resource, info, request } = target;
  const kind = CONNECT_OPTIONS[`${resource.resource}/${info.subresource}`];
  if (kind === undefined || resource.group !== '') return undefined;
  const { query } = request;
  const flags = FLAGS.filter((name) => query.get(name) === 'true' || query.get(name) === '1');
  const object = {
    kind,
    apiVersion: 'v1',
    metadata: {},
    ...Object.fromEntries(flags.map((name) => [name, true])),
    ...(query.has('container') ? { container: query.get('container') } : {}),
    ...(query.has('command') ? { command: query.getAll('command') } : {}),
  };
  const options = { ...resource, kind, model: kind };
  return admitPart(context, target, {
    operation: 'connect',
    kind: options,
    object,
    dryRun: false,
  });
}
