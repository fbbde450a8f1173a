// The binding of a pod to a node: the scheduler's only write (API-704).
import type { Binding, Pod, PodCondition } from '../../../api/generated/types.ts';
import { setCondition } from '../../../api/meta/conditions.ts';
import { fieldPath, notSupported, required } from '../../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { badRequest, conflict, invalid } from '../../../api/meta/status-error.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import { bindings } from '../../../api/other-resources.ts';
import { pods } from '../../../api/resources.ts';
import { admitPart } from '../../admission/admit-part.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { changeObject } from '../../registry/object-store.ts';
import { decodeBody, matchName, matchNamespace } from '../body.ts';
import { targetOf } from '../get.ts';
import { ruleContextAt } from '../handler-context.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { checkUid } from '../update-object.ts';
import { parseWriteOptions } from '../write-options.ts';
import { createdStatus } from './status-reply.ts';

const IN_MESSAGES = { group: '', resource: 'pods/binding' };

/** Binds a pod to the node that the body names. Throws 404, 409 and 422. */
export async function handleBinding(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'CreateOptions');
  const { object } = await decodeBody(target.request, bindings, fieldValidation);
  const binding = object as Binding & KubernetesObject;
  matchNamespace(binding, target);
  if ((binding.metadata.name ?? '') !== '') matchName(binding, target);
  const causes = checkBinding(binding);
  if (causes.length > 0) throw invalid(bindings, target.info.name, causes);
  const part = { operation: 'create', kind: bindings, object: binding, dryRun } as const;
  const admitted = admitPart(context, target, part);
  if (admitted) await admitted;
  const { now } = ruleContextAt(context);
  await changeObject(context.store, targetOf(target), {
    dryRun,
    decide: (current) => {
      checkUid(targetOf(target), binding.metadata.uid, current);
      return { action: 'put', object: bound(current as Pod, binding, now) };
    },
  });
  return createdStatus();
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

function checkBinding({ target }: Binding): StatusCause[] {
  const { kind = '', name = '' } = target ?? {};
  const path = fieldPath('target');
  return [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported(path.child('kind'), kind, ['Node'])]),
    ...(name === '' ? [required(path.child('name'))] : []),
  ];
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
  const hasAnnotations = Object.keys(annotations).length > 0;
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(hasAnnotations ? { annotations } : {}) },
    spec: { ...pod.spec, nodeName: binding.target.name ?? '' } as NonNullable<Pod['spec']>,
    status: { ...pod.status, conditions: [...conditions] },
  };
}
