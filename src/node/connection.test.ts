// Which container's log is shown, and the errors of API-720.
import { describe, expect, test } from 'vitest';
import type { ContainerStatus } from '../api/generated/types.ts';
import { logContainerId } from './connection.ts';

const address = { namespace: 'default', pod: 'x', container: 'c' };

function idOf(status: Partial<ContainerStatus> | undefined, previous = false): string {
  const shown: ContainerStatus[] =
    status === undefined
      ? []
      : [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, ...status }];
  return logContainerId({ containerStatuses: shown }, address, previous);
}

const ended = (containerID: string) => ({ terminated: { exitCode: 0, containerID } });

describe('API-720', () => {
  test('the running container, else the one that ended last', () => {
    const running = { containerID: 'r://2', state: { running: {} }, lastState: ended('r://1') };
    expect(idOf(running)).toBe('r://2');
    expect(idOf(running, true)).toBe('r://1');
    expect(idOf({ state: ended('r://3') })).toBe('r://3');
    const crashed = {
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: ended('r://1'),
    };
    expect(idOf(crashed)).toBe('r://1');
  });

  test.each<[string, Partial<ContainerStatus> | undefined, boolean, string]>([
    [
      'waiting',
      { state: { waiting: { reason: 'ContainerCreating' } } },
      false,
      'container "c" in pod "x" is waiting to start: ContainerCreating',
    ],
    [
      'no previous one',
      { containerID: 'r://1', state: { running: {} } },
      true,
      'previous terminated container "c" in pod "x" not found',
    ],
    ['unknown', undefined, false, 'container "c" in pod "x" is not available'],
  ])('%s is a 400', (_what, status, previous, message) => {
    expect(() => idOf(status, previous)).toThrow(expect.objectContaining({ message, code: 400 }));
  });
});
