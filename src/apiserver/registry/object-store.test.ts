// Answers that tell of a state which a crash could still undo must wait until it is durable.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { conflict } from '../../api/meta/status-error.ts';
import { configMaps } from '../../api/resources.ts';
import { createMemoryEngine } from '../../storage/memory-store.ts';
import { RevisionedStore } from '../../storage/revisioned-store.ts';
import { changeObject, createObject, getObject } from './object-store.ts';

const target = { resource: configMaps, namespace: 'shop', name: 'a' };
const object = (value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name: 'a' },
  data: { value },
});

let held: ((error?: Error) => void)[] = [];
let holds = false;
let store: RevisionedStore;
beforeEach(async () => {
  [held, holds] = [[], false];
  const commit = () =>
    holds
      ? new Promise<void>((resolve, reject) => {
          held.push((error) => (error ? reject(error) : resolve()));
        })
      : Promise.resolve();
  store = new RevisionedStore({ engine: { ...createMemoryEngine(), commit } });
  await store.start();
});
afterEach(async () => {
  holds = false;
  for (const release of held) release();
  await store.stop();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the write under way become durable, or fail. */
async function release(error?: Error): Promise<void> {
  while (held.length === 0) await turn();
  holds = false;
  held.shift()?.(error);
}

function watched<T>(promise: Promise<T>) {
  const state = { done: false, promise };
  promise.then(
    () => (state.done = true),
    () => (state.done = true),
  );
  return state;
}

const refuse = (value: string) =>
  changeObject(store, target, {
    dryRun: false,
    decide(current) {
      if ((current as unknown as { data: { value: string } }).data.value !== value) {
        return { action: 'keep' };
      }
      throw conflict(configMaps, 'a', 'no');
    },
  });

test('API-304: a refusal because of a write under way comes when that is durable', async () => {
  await createObject(store, target, { object: object('old'), dryRun: false });
  holds = true;
  const decide = () => ({ action: 'put' as const, object: object('new') });
  const write = changeObject(store, target, { dryRun: false, decide });
  const refusal = watched(refuse('new'));
  for (let turns = 0; turns < 5; turns++) await turn();
  expect(refusal.done).toBe(false);
  await release();
  await expect(refusal.promise).rejects.toMatchObject({ status: { reason: 'Conflict' } });
  expect(getObject(store, target)?.object).toMatchObject({ data: { value: 'new' } });
  await write;
});

test('API-304: a refusal because of a write that fails is decided anew', async () => {
  await createObject(store, target, { object: object('old'), dryRun: false });
  holds = true;
  const decide = () => ({ action: 'put' as const, object: object('new') });
  const write = expect(changeObject(store, target, { dryRun: false, decide })).rejects.toThrow();
  const refusal = refuse('new');
  await release(new Error('disk full'));
  await expect(refusal).resolves.toMatchObject({ deleted: false });
  await write;
});

test('API-311: AlreadyExists waits for the object, and NotFound for the deletion', async () => {
  holds = true;
  const first = createObject(store, target, { object: object('old'), dryRun: false });
  const second = watched(createObject(store, target, { object: object('old'), dryRun: false }));
  for (let turns = 0; turns < 5; turns++) await turn();
  expect(second.done).toBe(false);
  await release();
  await expect(second.promise).rejects.toMatchObject({ status: { reason: 'AlreadyExists' } });
  await first;

  holds = true;
  const decide = () => ({ action: 'delete' as const });
  const deletion = changeObject(store, target, { dryRun: false, decide });
  const late = watched(refuse('old'));
  for (let turns = 0; turns < 5; turns++) await turn();
  expect(late.done).toBe(false);
  await release();
  await expect(late.promise).rejects.toMatchObject({ status: { reason: 'NotFound' } });
  await deletion;
});
