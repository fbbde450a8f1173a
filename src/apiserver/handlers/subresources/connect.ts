// exec, attach and port-forward (API-730 … API-754): finds the container and hands the edge a way
// to its node.
import type { Pod } from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/meta/status-error.ts';
import type { PortForwardResponse, ProcessResponse } from '../../api-request.ts';
import { isTrue } from '../../request-info.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { chooseContainer, nodeOf, podOf } from './pod-container.ts';

/** Throws 400 and 404. */
export function handleExec(context: HandlerContext, target: ResourceRequest): ProcessResponse {
  const command = target.request.query.getAll('command');
  const { address, request, node } = processTarget(context, target, 'exec into');
  if (command.length === 0) throw badRequest('you must specify a command');
  const { stdin, tty } = request;
  return { kind: 'process', request, connect: () => node.exec(address, { command, stdin, tty }) };
}

/** Throws 400 and 404. */
export function handleAttach(context: HandlerContext, target: ResourceRequest): ProcessResponse {
  const { address, request, node } = processTarget(context, target, 'attach to');
  const { stdin, tty } = request;
  return { kind: 'process', request, connect: () => node.attach(address, { stdin, tty }) };
}

/** Throws 400 and 404. */
export function handlePortForward(
  context: HandlerContext,
  target: ResourceRequest,
): PortForwardResponse {
  const pod = podOf(context, target);
  const { name = '', namespace = '' } = pod.metadata;
  const node = nodeOf(context, pod);
  return {
    kind: 'portforward',
    dial: (port) => node.dial({ namespace, pod: name }, port, 'localhost'),
  };
}

function processTarget(context: HandlerContext, target: ResourceRequest, what: string) {
  const { query } = target.request;
  const pod = podOf(context, target);
  const { name = '', namespace = '' } = pod.metadata;
  refuseCompleted(pod, what);
  const container = chooseContainer(pod, query.get('container') ?? '');
  const node = nodeOf(context, pod);
  const wants = (stream: string) => isTrue(query.get(stream));
  const tty = wants('tty');
  const request = {
    stdin: wants('stdin'),
    stdout: wants('stdout'),
    // A terminal has one output only.
    stderr: wants('stderr') && !tty,
    tty,
  };
  if (!request.stdin && !request.stdout && !request.stderr) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  return { address: { namespace, pod: name, container }, request, node };
}

function refuseCompleted({ status }: Pod, what: string): void {
  const phase = status?.phase ?? '';
  if (phase !== 'Succeeded' && phase !== 'Failed') return;
  throw badRequest(`cannot ${what} a container in a completed pod; current phase is ${phase}`);
}
