// How fast the nodes of a zone may lose their pods: when much of a zone is silent at once, it is
// more likely that we are cut off than that so many nodes died.
import type { Node } from '../../../api/generated/types.ts';

export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** Status of Ready of each node of a zone; undefined: never reported. */
export type ZoneNodes = readonly (string | undefined)[];

/** Nodes that get a NoExecute taint a second, and fewer in a large zone that is half gone. */
const RATE_PER_SECOND = 0.1;
const SECONDARY_RATE_PER_SECOND = 0.01;
/** Zones of more nodes are large; in smaller ones that are half gone all evictions stop. */
const LARGE_ZONE_NODES = 50;
const UNHEALTHY_SHARE = 0.55;
/** So many nodes may always be lost without it being called a disruption. */
const LOST_NODES_MIN = 2;

const EXCLUDED = 'node.kubernetes.io/exclude-disruption';

/** True when the node does not count in its zone. */
export function isExcluded({ metadata }: Node): boolean {
  return metadata.labels?.[EXCLUDED] !== undefined;
}

/** One text for region and zone; empty: no zone. */
export function zoneOf({ metadata }: Node): string {
  const { labels = {} } = metadata;
  const find = (name: string, oldName: string) => labels[oldName] ?? labels[name] ?? '';
  const zone = find('topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone');
  const region = find('topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region');
  return zone === '' && region === '' ? '' : `${region}:\0:${zone}`;
}

/** The rate at which the nodes of a new zone may be tainted. */
export const INITIAL_RATE_PER_SECOND = RATE_PER_SECOND;

/** State of a zone by its nodes. */
export function zoneState(nodes: ZoneNodes): ZoneState {
  const lost = nodes.filter((ready) => ready !== 'True').length;
  if (lost > 0 && lost === nodes.length) return 'FullDisruption';
  const isPartial = lost > LOST_NODES_MIN && lost / nodes.length >= UNHEALTHY_SHARE;
  return isPartial ? 'PartialDisruption' : 'Normal';
}

export interface DisruptionPlan {
  /**
   * `enter`: nobody is ready any more, which nobody can know; all NoExecute taints go. `leave`:
   * somebody is back; all nodes are given their grace period anew.
   */
  readonly turn: 'enter' | 'leave' | undefined;
  readonly states: ReadonlyMap<string, ZoneState>;
  /** New rates by zone, nodes a second; 0 stops. */
  readonly rates: ReadonlyMap<string, number>;
}

/** What the states of all zones, old and new, mean for evictions. */
export function planDisruption(
  previous: ReadonlyMap<string, ZoneState>,
  zones: ReadonlyMap<string, ZoneNodes>,
): DisruptionPlan {
  const states = new Map([...zones].map(([zone, nodes]) => [zone, zoneState(nodes)]));
  const isFull = [...states.values()].every((state) => state === 'FullDisruption');
  const wasFull = [...zones.keys()].every((zone) => previous.get(zone) === 'FullDisruption');
  const rate = (zone: string) =>
    isFull ? 0 : rateOf(states.get(zone), zones.get(zone)?.length ?? 0);
  if (isFull && wasFull) return { turn: undefined, states, rates: new Map() };
  const changed = [...zones.keys()].filter(
    (zone) => isFull || wasFull || states.get(zone) !== previous.get(zone),
  );
  const rates = new Map(changed.map((zone) => [zone, rate(zone)]));
  return { turn: isFull ? 'enter' : wasFull ? 'leave' : undefined, states, rates };
}

/** A zone that is gone altogether, while others are not, is most likely really gone. */
function rateOf(state: ZoneState | undefined, size: number): number {
  if (state !== 'PartialDisruption') return RATE_PER_SECOND;
  return size > LARGE_ZONE_NODES ? SECONDARY_RATE_PER_SECOND : 0;
}
