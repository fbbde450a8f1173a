// Keeps the numbers of disruption budgets true, by which evictions are granted (SS-967).
import type { Pod, PodDisruptionBudget } from '../../api/generated/types.ts';
import { goSelectorText } from '../../api/meta/go-selector-text.ts';
import { matches, selectorFromObject } from '../../api/meta/labels.ts';
import { keyOf, namespaceOf, splitKey } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { podDisruptionBudgets, pods } from '../../api/resources.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Runnable } from '../../base/runnable.ts';
import type {
  ControllerContext,
  EventRecorder,
  ReconcileResult,
} from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { createEventRecorder } from '../../client/event-recorder.ts';
import type { Lister } from '../../client/informer.ts';
import { createScaleReader, type PodsScale, type ScaleReader } from './controller-scale.ts';
import { failedStatus, needsScale, planBudget, type BudgetStatus } from './plan/plan-budget.ts';
import { createStaleDisruptions } from './stale-disruptions.ts';

const NO_SCALE: PodsScale = { replicas: 0, unmanaged: [] };

export function createDisruptionController(context: ControllerContext): Runnable {
  const { client, informers } = context;
  const recorder = createEventRecorder({ ...context, component: 'controllermanager' });
  const budgetInformer = informers.informer(podDisruptionBudgets);
  const podInformer = informers.informer(pods);
  const scales = createScaleReader(client, informers);
  const budgets = createController({
    ...context,
    name: 'disruption',
    informers: [budgetInformer, podInformer, ...scales.informers],
    workers: 1,
    async reconcile(key) {
      const budget = budgetInformer.lister.get(splitKey(key));
      if (budget === undefined) return {};
      const options = { ...context, recorder, scales, pods: podInformer.lister };
      return await syncBudget(options, budget);
    },
  });
  const stale = createStaleDisruptions(context, podInformer);
  const wake = (budget: PodDisruptionBudget) => budgets.enqueue(keyOf(budget));
  budgetInformer.addEventHandler({ add: wake, update: (_previous, budget) => wake(budget) });
  const wakeBudgetsOf = (pod: Pod) => {
    const list = budgetInformer.lister.list(namespaceOf(pod));
    for (const budget of list) if (selects(budget, pod)) wake(budget);
  };
  podInformer.addEventHandler({
    add: wakeBudgetsOf,
    update(previous, pod) {
      if (previous.metadata.labels !== pod.metadata.labels) wakeBudgetsOf(previous);
      wakeBudgetsOf(pod);
    },
    delete: wakeBudgetsOf,
  });
  const parts: Runnable[] = [recorder, budgets, stale];
  return {
    async start() {
      for (const part of parts) await part.start();
    },
    async stop() {
      for (const part of parts.toReversed()) await part.stop();
    },
  };
}

function selects({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean {
  return matches(selectorFromObject(spec?.selector), metadata.labels);
}

interface SyncOptions extends Pick<ControllerContext, 'client' | 'clock'> {
  readonly recorder: EventRecorder;
  readonly scales: ScaleReader;
  readonly pods: Lister<Pod>;
}

/** What goes wrong closes the budget, except for a conflict, which is tried again. */
async function syncBudget(
  options: SyncOptions,
  budget: PodDisruptionBudget,
): Promise<ReconcileResult> {
  try {
    return await writeNumbers(options, budget);
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) throw error;
    const failure = { message: errorMessage(error), nowMs: options.clock.now() };
    await writeStatus(options, budget, failedStatus(budget, failure));
    throw error;
  }
}

async function writeNumbers(
  options: SyncOptions,
  budget: PodDisruptionBudget,
): Promise<ReconcileResult> {
  const { clock, recorder, pods: lister } = options;
  const list = lister.list(namespaceOf(budget)).filter((pod) => selects(budget, pod));
  if (list.length === 0) {
    recorder.event(budget, 'Normal', { reason: 'NoPods', message: 'No matching pods found' });
  }
  const { replicas } = needsScale(budget) ? await readScale(options, budget, list) : NO_SCALE;
  const nowMs = clock.now();
  const plan = planBudget({ budget, pods: list, scale: replicas, nowMs });
  for (const pod of plan.notDeleted) {
    const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
    recorder.event(pod, 'Warning', { reason: 'NotDeleted', message });
  }
  if (plan.status) await writeStatus(options, budget, plan.status);
  return plan.recheckAtMs === undefined ? {} : { requeueAfterMs: plan.recheckAtMs - nowMs };
}

async function readScale(
  { scales, recorder }: SyncOptions,
  budget: PodDisruptionBudget,
  list: readonly Pod[],
): Promise<PodsScale> {
  const warn = (reason: string, message: string) =>
    recorder.event(budget, 'Warning', { reason, message });
  try {
    const scale = await scales.read(list);
    if (scale.unmanaged.length > 0) {
      const selector = goSelectorText(budget.spec?.selector ?? {});
      warn(
        'UnmanagedPods',
        `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be ` +
          'unmanaged. As a result, the status of the PDB cannot be calculated correctly, which ' +
          'may result in undefined behavior. To account for these pods please set ' +
          '".spec.minAvailable" field of the PDB to an integer value.',
      );
    }
    return scale;
  } catch (error) {
    const why = `Failed to calculate the number of expected pods: ${errorMessage(error)}`;
    warn('CalculateExpectedPodCountFailed', why);
    throw error;
  }
}

async function writeStatus(
  { client }: SyncOptions,
  budget: PodDisruptionBudget,
  status: BudgetStatus,
): Promise<void> {
  await client.resource(podDisruptionBudgets).updateStatus({ ...budget, status });
}
