// The binding of a pod to a node: the scheduler's only write (API-704).
import type { Binding, Pod, PodCondition } from '../../../api/generated/types.ts';
import { setCondition } from '../../../api/meta/conditions.ts';
import { fieldPath, notSupported, required } from '../../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { badRequest, conflict, statusError } from '../../../api/meta/status-error.ts';
import { bindings } from '../../../api/other-resources.ts';
import { pods } from '../../../api/resources.ts';
import { admitPart } from '../../admission/admit-part.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { changeObject } from '../../registry/object-store.ts';
import { decodeBody, matchNamespace } from '../body.ts';
import { targetOf } from '../get.ts';
import { ruleContextAt } from '../handler-context.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { checkUid, checkVersion } from '../preconditions.ts';
import { parseWriteOptions } from '../write-options.ts';
import { createdStatus } from './status-reply.ts';

const IN_MESSAGES = { group: '', resource: 'pods/binding' };

/** Binds a pod to the node that the body names. Throws 404, 409 and 422. */
export async function handleBinding(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'CreateOptions');
  const { object, warnings } = await decodeBody(target.request, bindings, fieldValidation);
  const binding = object as Binding & KubernetesObject;
  matchNamespace(binding, target);
  if ((binding.metadata.name ?? '') !== target.info.name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  checkBinding(binding);
  const part = { operation: 'create', kind: bindings, object: binding, dryRun } as const;
  const admitted = admitPart(context, target, part);
  if (admitted) await admitted;
  const { now } = ruleContextAt(context);
  await changeObject(context.store, targetOf(target), {
    dryRun,
    decide: (current) => {
      checkUid(targetOf(target), binding.metadata.uid, current);
      checkVersion(targetOf(target), binding.metadata.resourceVersion, current);
      return { action: 'put', object: bound(current as Pod, binding, now) };
    },
  });
  return createdStatus(warnings);
}

/** The same for a binding posted to `bindings`: its own name is that of the pod. */
export async function handleBindings(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { object } = await decodeBody(target.request, bindings, 'Ignore');
  const name = object.metadata.name ?? '';
  if (name === '') throw badRequest('name must be provided');
  const info = { ...target.info, name };
  return handleBinding(context, { ...target, resource: pods, info });
}

/** Throws 500 without causes, as upstream. */
function checkBinding({ target }: Binding): void {
  const { kind = '', name = '' } = target ?? {};
  const path = fieldPath('target');
  const isNode = kind === '' || kind === 'Node';
  const causes = [
    ...(isNode ? [] : [notSupported(path.child('kind'), kind, ['Node', '<empty>'])]),
    ...(name === '' ? [required(path.child('name'))] : []),
  ];
  const texts = causes.map(({ field = '', message = '' }) => `${field}: ${message}`);
  if (texts.length > 0)
    throw statusError('', texts.length > 1 ? `[${texts.join(', ')}]` : texts.join(''));
}

function bound(pod: Pod, binding: Binding, now: string): Pod {
  const name = pod.metadata.name ?? '';
  const { nodeName = '', schedulingGates = [] } = pod.spec ?? {};
  if (pod.metadata.deletionTimestamp !== undefined) {
    const why = `pod ${name} is being deleted, cannot be assigned to a host`;
    throw conflict(IN_MESSAGES, name, why);
  }
  if (nodeName !== '') {
    const why = `pod ${name} is already assigned to node ${JSON.stringify(nodeName)}`;
    throw conflict(IN_MESSAGES, name, why);
  }
  if (schedulingGates.length > 0) {
    throw conflict(IN_MESSAGES, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null as never,
  };
  const conditions = setCondition(pod.status?.conditions, scheduled, now);
  const annotations = { ...pod.metadata.annotations, ...binding.metadata?.annotations };
  const labels = { ...pod.metadata.labels, ...binding.metadata?.labels };
  const metadata = { ...pod.metadata };
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  if (Object.keys(labels).length > 0) metadata.labels = labels;
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  return {
    ...pod,
    metadata,
    spec: { ...pod.spec, nodeName: binding.target.name ?? '' } as NonNullable<Pod['spec']>,
    status: { ...status, conditions: [...conditions] },
  };
}
