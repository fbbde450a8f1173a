import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { aborted, unlessAborted } from './abort.ts';

test('unlessAborted settles as the promise and leaves no listener', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(await unlessAborted(Promise.resolve(2), undefined)).toBe(2);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('unlessAborted rejects with the reason, also when aborted before', async () => {
  const controller = new AbortController();
  const hanging = unlessAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error('enough'));
  await expect(hanging).rejects.toThrow('enough');
  await expect(unlessAborted(new Promise(() => {}), controller.signal)).rejects.toThrow('enough');
});

test('aborted', async () => {
  const controller = new AbortController();
  const waiting = aborted(controller.signal);
  controller.abort();
  await waiting;
  await aborted(controller.signal);
});
