// How quotas count persistent volume claims: their number and storage, in all and by class.
import type {
  PersistentVolumeClaim,
  ScopedResourceSelectorRequirement,
} from '../generated/types.ts';
import type { ResourceList } from '../core/resource-list.ts';
import { compareQuantities, formatQuantity, parseQuantity } from '../meta/quantity.ts';
import { quantityValue, wholeQuantity } from '../meta/quantity.ts';
import { matchesScopeValue } from './quota-scope.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';

const NUMBER = 'persistentvolumeclaims';
const STORAGE = 'requests.storage';
const BY_CLASS = '.storageclass.storage.k8s.io/';
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The evaluator of claims. */
export const claimEvaluator: QuotaEvaluator = {
  handles: ({ subresource }) => subresource === '',
  tracks: (name) =>
    name === `count/${NUMBER}` ||
    [NUMBER, STORAGE].some((own) => name === own || name.endsWith(`${BY_CLASS}${own}`)),
  inScope: (object, scope) => inScope(object as PersistentVolumeClaim, scope),
  missing: () => undefined,
  usage: (object) => usageOf(object as PersistentVolumeClaim),
};

function usageOf(claim: PersistentVolumeClaim): ResourceList {
  const { metadata, spec } = claim;
  const ofClass = metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';
  const storage = storageOf(claim);
  const usage: ResourceList = { [NUMBER]: '1', [`count/${NUMBER}`]: '1' };
  if (ofClass !== '') usage[`${ofClass}${BY_CLASS}${NUMBER}`] = '1';
  if (storage === undefined) return usage;
  usage[STORAGE] = storage;
  if (ofClass !== '') usage[`${ofClass}${BY_CLASS}${STORAGE}`] = storage;
  return usage;
}

/** What is asked for, or what is given already if that is more; whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec?.resources?.requests?.['storage'];
  if (asked === undefined) return undefined;
  const given = status?.allocatedResources?.['storage'];
  const wanted = parseQuantity(asked);
  const more = given !== undefined && compareQuantities(parseQuantity(given), wanted) > 0;
  const used = more ? parseQuantity(given) : wanted;
  return formatQuantity(wholeQuantity(quantityValue(used), used.format));
}

function inScope(
  { spec, status }: PersistentVolumeClaim,
  scope: ScopedResourceSelectorRequirement,
): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const classes = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name): name is string => name !== undefined && name !== '');
  if (classes.length === 0) return matchesScopeValue(scope, undefined);
  return classes.some((name) => matchesScopeValue(scope, name));
}
