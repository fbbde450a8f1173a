// Resource quotas of the namespace: what a write uses is charged to their status at once, so that
// writes at the same time can't exceed them together. The controller corrects what is freed. The
// last step, for what is charged should be stored.
import type { ResourceQuota } from '../../api/generated/types.ts';
import { resourceQuotas } from '../../api/other-resources.ts';
import { chargeQuota } from '../../api/quota/charge-quota.ts';
import type { QuotaCharge } from '../../api/quota/charge-quota.ts';
import { quotaEvaluator } from '../../api/quota/quota-evaluator.ts';
import { errorMessage } from '../../base/errors.ts';
import type { StoredEntry } from '../../storage/store.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { encodeObject, viewOf } from '../registry/stored-view.ts';
import { refuse } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

interface Payment {
  readonly entry: StoredEntry;
  readonly quota: ResourceQuota;
}

/** Throws 403 for what exceeds a quota, or says too little to be counted. */
export function resourceQuota(request: AdmissionRequest): void {
  const charge = chargeOf(request);
  if (!charge) return;
  const payments = entriesOf(request).flatMap((entry) => pay(request, entry, charge));
  if (request.dryRun) return;
  for (const payment of payments) write(request, payment);
}

function chargeOf(request: AdmissionRequest): QuotaCharge | undefined {
  const { target, operation, object, old, context } = request;
  const { resource, info } = target;
  if (operation === 'delete' || operation === 'connect') return undefined;
  if (info.namespace === '' || !resource.namespaced) return undefined;
  const prefix = collectionPrefix(resourceQuotas, info.namespace);
  if (context.store.count(prefix) === 0) return undefined;
  const evaluator = quotaEvaluator(resource);
  if (!evaluator?.handles({ operation, subresource: info.subresource })) return undefined;
  return { evaluator, object, old, nowMs: context.clock.now() };
}

/** The newest states, also those that are not published yet. */
function entriesOf({ context, target }: AdmissionRequest): StoredEntry[] {
  const { store } = context;
  const { entries } = store.list(collectionPrefix(resourceQuotas, target.info.namespace));
  return entries.flatMap(({ key }) => store.getLatest(key) ?? []);
}

function pay(request: AdmissionRequest, entry: StoredEntry, charge: QuotaCharge): Payment[] {
  const quota = viewOf(entry).object as ResourceQuota;
  const result = chargeQuota(quota, charge);
  if ('refusal' in result) throw refuse(request, result.refusal);
  if (result.used === undefined) return [];
  return [{ entry, quota: { ...quota, status: { ...quota.status, used: result.used } } }];
}

function write({ context }: AdmissionRequest, { entry, quota }: Payment): void {
  const encode = (revision: number) => encodeObject(quota, revision);
  const written = context.store.put(entry.key, encode, { ifRevision: entry.revision });
  written.catch((error: unknown) => {
    const name = quota.metadata.name;
    context.logger.warn('quota not charged', { quota: name, error: errorMessage(error) });
  });
}
