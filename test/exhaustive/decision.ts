// Asks the real planner about what the caches of a world hold, once for each different view, and
// breaks its plan up into the single effects that reach the API one after the other.
import type { Pod } from '../../src/api/generated/types.ts';
import { nameOf } from '../../src/api/meta/object.ts';
import { ordinalOf, revisionOf } from '../../src/controllers/statefulset/plan/identity.ts';
import {
  currentRevisionOf,
  decideUpdateRevision,
} from '../../src/controllers/statefulset/plan/revisions.ts';
import type {
  Action,
  ClaimChanges,
  Plan,
  Snapshot,
  Stage,
} from '../../src/controllers/statefulset/plan/snapshot.ts';
import { finishStatus } from '../../src/controllers/statefulset/plan/status.ts';
import { countsCurrent, type Configuration, type Wish } from './configuration.ts';
import { NOW_MS, claimStateOf, createObjects } from './objects.ts';
import { KIND, kindOf, type Stored } from './world.ts';

/** The planner under test: the real one, or one that was broken on purpose. */
export type Planner = (snapshot: Snapshot) => Plan;

export type Effect =
  | { readonly type: 'create-claim' | 'touch-pod'; readonly ordinal: number }
  | { readonly type: 'create-pod'; readonly ordinal: number; readonly revision: number }
  | { readonly type: 'refer-claim'; readonly ordinal: number; readonly to: number }
  | {
      readonly type: 'delete-pod';
      readonly ordinal: number;
      readonly why: string;
      /** With the uid of the pod that was decided on. */
      readonly guarded: boolean;
    };

/** One task of the plan: its effects follow each other. */
export interface Task {
  readonly step: Stage['step'];
  readonly ordinal: number;
  /** Tasks of one batch run at once; a failure ends the plan after its batch. */
  readonly batch: number;
  readonly effects: readonly Effect[];
}

export interface Decision {
  readonly tasks: readonly Task[];
  /** What is to be stored, by number of update deletions; undefined: the API refuses it. */
  readonly outcomes: readonly (Stored | undefined)[];
}

/** What a sync sees. */
export interface View {
  readonly wish: Wish;
  readonly stored: Stored;
  readonly pods: readonly number[];
  readonly claims: readonly number[];
}

export interface Decider {
  /** Number of the decision for a view. */
  number(view: View): number;
  decision(number: number): Decision;
}

/** `onNew` is called once for each different view. */
export function createDecider(
  configuration: Configuration,
  planner: Planner,
  onNew: (view: View, decision: Decision) => void,
): Decider {
  const views = new Map<string, number>();
  const numbers = new Map<string, number>();
  const decisions: Decision[] = [];
  const ask = createAsker(configuration, planner);
  return {
    number(view) {
      const { wish, stored, pods, claims } = view;
      const { replicas, start, revision } = wish;
      const parts = [replicas, start, revision, stored.current, stored.currentReplicas + 1];
      const key = String.fromCharCode(...parts, ...pods, ...claims);
      const known = views.get(key);
      if (known !== undefined) return known;
      const decision = ask(view);
      onNew(view, decision);
      const text = JSON.stringify(decision);
      const number = numbers.get(text) ?? decisions.push(decision) - 1;
      numbers.set(text, number);
      views.set(key, number);
      return number;
    },
    decision(number) {
      const decision = decisions[number];
      if (!decision) throw new Error(`no decision ${number}`);
      return decision;
    },
  };
}

function createAsker(configuration: Configuration, planner: Planner): (view: View) => Decision {
  const objects = createObjects(configuration);
  const names = objects.revisions.map(nameOf);
  const ask = ({ wish, stored, pods, claims }: View) => {
    const set = objects.set(wish, stored);
    const decided = decideUpdateRevision(set, objects.revisions, 0);
    if (decided.type === 'create') throw new Error('both revisions exist already');
    const current = currentRevisionOf(set, objects.revisions, decided.revision);
    const snapshot: Snapshot = {
      set,
      revisions: { current, update: decided.revision, collisionCount: 0 },
      pods: pods.flatMap((code, n) => (kindOf(code) === KIND.absent ? [] : [objects.pod(n, code)])),
      claim: (name) => {
        const ordinal = Number(name.split('-').at(-1));
        return objects.claim(ordinal, claims[ordinal] ?? 0);
      },
      nowMs: NOW_MS,
      options: configuration.options,
    };
    return { set, plan: planner(snapshot) };
  };
  return (view) => {
    const { set, plan } = ask(view);
    const tasks = tasksOf(plan, names);
    const deletions = tasks.filter(({ step }) => step === 'update').length;
    const { options } = configuration;
    const outcomes = Array.from({ length: deletions + 1 }, (_, updateDeletions) => {
      const status = finishStatus(set, plan.status, { updateDeletions, options });
      const { currentReplicas = 0, currentRevision = '' } = status;
      // SS-556: the server refuses negative counts.
      if (currentReplicas < 0) return undefined;
      const counted = countsCurrent(configuration) ? currentReplicas : 0;
      return { current: names.indexOf(currentRevision) + 1, currentReplicas: counted };
    });
    return { tasks, outcomes };
  };
}

function tasksOf(plan: Plan, revisionNames: readonly string[]): Task[] {
  const tasks: Task[] = [];
  let batch = 0;
  for (const { step, order, tasks: stage } of plan.stages) {
    // SS-304: batches of 1, 2, 4 …
    let size = 1;
    let left = size;
    for (const { ordinal, actions } of stage) {
      if (left === 0) {
        batch++;
        size = order === 'serial' ? 1 : size * 2;
        left = size;
      }
      left--;
      const effects = actions.flatMap((action) => effectsOf(action, ordinal, revisionNames));
      tasks.push({ step, ordinal, batch, effects });
    }
    batch++;
  }
  return tasks;
}

function effectsOf(action: Action, ordinal: number, revisionNames: readonly string[]): Effect[] {
  switch (action.type) {
    case 'create-pod': {
      const create: Effect = {
        type: 'create-pod',
        ordinal: ordinalOf(action.pod),
        revision: revisionIndex(action.pod, revisionNames),
      };
      return [...claimCreations(action.claims, ordinal), create, ...references(action, ordinal)];
    }
    case 'update-pod':
      return [
        ...claimCreations(action.claims, ordinal),
        ...references(action, ordinal),
        { type: 'touch-pod', ordinal },
      ];
    case 'repair-claims':
    case 'update-claims':
      return [...claimCreations(action.claims, ordinal), ...references(action, ordinal)];
    case 'delete-pod': {
      const guarded = action.uid !== undefined && action.uid !== '';
      const target = Number(action.name.split('-').at(-1));
      return [{ type: 'delete-pod', ordinal: target, why: action.why, guarded }];
    }
  }
}

function revisionIndex(pod: Pod, names: readonly string[]): number {
  return names.indexOf(revisionOf(pod));
}

function claimCreations(claims: ClaimChanges, ordinal: number): Effect[] {
  return claims.create.map(() => ({ type: 'create-claim', ordinal }));
}

function references({ claims }: { claims: ClaimChanges }, ordinal: number): Effect[] {
  return claims.update.map((claim) => {
    return { type: 'refer-claim', ordinal, to: claimStateOf(claim, ordinal) };
  });
}
