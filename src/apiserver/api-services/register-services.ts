// Brings the store's API services in line with what is served. What somebody else has put there,
// without our label, stays as it is.
import { availability } from '../../api/apiregistration/api-service-rules.ts';
import type { APIService } from '../../api/generated/types.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status-error.ts';
import { apiServices, customResourceDefinitions } from '../../api/other-resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { formatTime } from '../../base/time.ts';
import type { Store } from '../../storage/store.ts';
import { changeObject, createObject, listObjects } from '../registry/object-store.ts';
import type { Change } from '../registry/object-store.ts';
import { builtinServices, customServices, MANAGED_LABEL, type Managed } from './local-services.ts';

export interface RegisterOptions {
  /** Started. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

interface Wanted {
  readonly managed: Managed;
  readonly services: readonly APIService[];
}

const targetOf = ({ metadata }: APIService) => ({
  resource: apiServices,
  namespace: '',
  name: metadata.name ?? '',
});

/** Keeps the API services of what is defined now. */
export function registerCustomServices(options: RegisterOptions): Promise<void> {
  const definitions = listObjects(options.store, customResourceDefinitions, '');
  return registerServices(options, { managed: 'true', services: customServices(definitions) });
}

/** Keeps those of the resources that are built in. */
export function registerBuiltinServices(
  options: RegisterOptions,
  resources: readonly ResourceDefinition[],
): Promise<void> {
  return registerServices(options, { managed: 'onstart', services: builtinServices(resources) });
}

/** Creates, corrects and deletes the API services with the label's value `managed`. */
async function registerServices(
  options: RegisterOptions,
  { managed, services }: Wanted,
): Promise<void> {
  const stored = listObjects<APIService>(options.store, apiServices, '');
  const storedByName = new Map(stored.map((service) => [service.metadata.name, service]));
  const wanted = new Map(services.map((service) => [service.metadata.name, service]));
  const isOurs = ({ metadata }: KubernetesObject) => metadata.labels?.[MANAGED_LABEL] === managed;
  const differs = ({ metadata, spec }: APIService) => {
    const own = wanted.get(metadata.name);
    return !own || !jsonEqual(own.spec, spec);
  };
  const decide = (current: KubernetesObject): Change => {
    if (!isOurs(current)) return { action: 'keep' };
    const own = wanted.get(current.metadata.name);
    return own ? { action: 'put', object: corrected(current, own) } : { action: 'delete' };
  };
  // At once: one group of writes costs one write to the disk.
  await Promise.all([
    ...services
      .filter(({ metadata }) => !storedByName.has(metadata.name))
      .map((service) => create(options, service)),
    ...stored
      .filter((service) => isOurs(service) && differs(service))
      .map((service) => change(options.store, service, decide)),
  ]);
}

const corrected = (current: KubernetesObject, { spec }: APIService) =>
  ({ ...current, spec }) as KubernetesObject;

async function create({ store, clock, random }: RegisterOptions, service: APIService) {
  const now = formatTime(clock.now());
  const metadata = { ...service.metadata, uid: random.uuid(), creationTimestamp: now };
  const object = { ...service, metadata, status: availability(service.spec, now) };
  await createObject(store, targetOf(service), { object, dryRun: false }).catch(
    (error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    },
  );
}

async function change(
  store: Store,
  service: APIService,
  decide: (current: KubernetesObject) => Change,
): Promise<void> {
  await changeObject(store, targetOf(service), { decide, dryRun: false }).catch(
    (error: unknown) => {
      if (!isNotFound(error)) throw error;
    },
  );
}
