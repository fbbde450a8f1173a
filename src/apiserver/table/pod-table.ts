// `kubectl get pods`.
import type { Pod } from '../../api/generated/types.ts';
import { humanDuration } from '../../api/meta/duration.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';
import { podStory, type PodStory } from './pod-reason.ts';

const wide = { wide: true };
const RESTARTS_TEXT =
  'The number of times the containers in this pod have been restarted and when the last ' +
  'container in this pod has restarted.';

function restartText({ restarts, lastRestartMs }: PodStory, nowMs: number): string {
  if (restarts === 0 || lastRestartMs === undefined) return String(restarts);
  return `${restarts} (${humanDuration(nowMs - lastRestartMs)} ago)`;
}

function gateText({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const conditions = status?.conditions ?? [];
  const open = gates.filter(({ conditionType }) =>
    conditions.some(({ type, status: value }) => type === conditionType && value === 'True'),
  );
  return `${open.length}/${gates.length}`;
}

const finished = {
  Succeeded: 'The pod has completed successfully.',
  Failed: 'The pod failed.',
} as const;

export const podTable: KindTable<Pod> = {
  columns: [
    nameColumn,
    column('Ready', 'The aggregate readiness state of this pod for accepting traffic.'),
    column('Status', 'The aggregate status of the containers in this pod.'),
    column('Restarts', RESTARTS_TEXT),
    ageColumn,
    column('IP', field('PodStatus', 'podIP'), wide),
    column('Node', field('PodSpec', 'nodeName'), wide),
    column('Nominated Node', field('PodStatus', 'nominatedNodeName'), wide),
    column('Readiness Gates', field('PodSpec', 'readinessGates'), wide),
  ],
  cells(pod, nowMs) {
    const story = podStory(pod);
    const { spec, status } = pod;
    return [
      pod.metadata.name ?? '',
      `${story.ready}/${story.total}`,
      story.reason,
      restartText(story, nowMs),
      ageOf(pod, nowMs),
      status?.podIPs?.[0]?.ip || status?.podIP || '<none>',
      spec?.nodeName || '<none>',
      status?.nominatedNodeName || '<none>',
      gateText(pod),
    ];
  },
  conditions({ status }) {
    const reason = status?.phase;
    if (reason !== 'Succeeded' && reason !== 'Failed') return [];
    return [{ type: 'Completed', status: 'True', reason, message: finished[reason] }];
  },
};
