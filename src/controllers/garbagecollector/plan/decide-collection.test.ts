import { describe, expect, it } from 'vitest';
import { decideCollection, type OwnerState } from './decide-collection.ts';

function decide(states: readonly OwnerState[], hasDependents = false, finalizers: string[] = []) {
  return decideIn({ states, hasDependents, finalizers, hasWaitingDependent: false });
}

interface Situation {
  states: readonly OwnerState[];
  hasDependents: boolean;
  finalizers: string[];
  hasWaitingDependent: boolean;
}

function decideIn({ states, ...rest }: Situation) {
  const owners = states.map((state, index) => {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: `o${index}`, uid: `u${index}` };
    return { reference, state };
  });
  return decideCollection({ owners, ...rest });
}

describe('decideCollection()', () => {
  it('SS-607: a living owner keeps the object, dead references go', () => {
    expect(decide(['living'])).toEqual({ type: 'keep' });
    expect(decide(['absent', 'living'])).toEqual({ type: 'release', uids: ['u0'] });
    expect(decide(['waiting', 'living'])).toEqual({ type: 'release', uids: ['u0'] });
  });

  it('SS-607: without a living owner the object is deleted', () => {
    expect(decide(['absent', 'absent'])).toEqual({ type: 'delete', propagation: 'Background' });
  });

  it('SS-608: below a foreground deletion, foreground only with dependents of its own', () => {
    expect(decide(['waiting'], true)).toEqual({ type: 'delete', propagation: 'Foreground' });
    expect(decide(['waiting'], false)).toEqual({ type: 'delete', propagation: 'Background' });
  });

  it('SS-608: a circle of waiting objects is opened', () => {
    const states: OwnerState[] = ['waiting'];
    const circle = { states, hasDependents: true, finalizers: [], hasWaitingDependent: true };
    expect(decideIn(circle)).toEqual({
      type: 'delete',
      propagation: 'Foreground',
      unblocks: true,
    });
  });

  it('SS-605: finalizers already on the object decide the propagation', () => {
    expect(decide(['absent'], true, ['orphan'])).toMatchObject({ propagation: 'Orphan' });
    expect(decide(['absent'], true, ['foregroundDeletion'])).toMatchObject({
      propagation: 'Foreground',
    });
  });

  it('an owner of an unknown kind, or none, leaves everything as it is', () => {
    expect(decide(['unknown', 'absent'])).toEqual({ type: 'keep' });
    expect(decide([])).toEqual({ type: 'keep' });
  });
});
