import { describe, expect, it } from 'vitest';
import { findCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts';
import { jsonEqual, semanticEqual } from './json-equal.ts';

const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' };
const other = { type: 'Other', status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' };
const NOW = '2025-02-02T00:00:00Z';

describe('conditions', () => {
  it('API-402: the transition time moves only when the status changes', () => {
    const list = Object.freeze([Object.freeze(ready), Object.freeze(other)]);
    const changed = setCondition(list, { type: 'Ready', status: 'False' }, NOW);
    expect(changed).toEqual([{ type: 'Ready', status: 'False', lastTransitionTime: NOW }, other]);
    const same = setCondition(list, { type: 'Ready', status: 'True' }, NOW);
    expect(same).toBe(list);
    expect(list[0]).toBe(ready);
  });

  it('API-402: a new condition goes to the end, with the time given or now', () => {
    expect(setCondition(undefined, { type: 'A', status: 'True' }, NOW)).toEqual([
      { type: 'A', status: 'True', lastTransitionTime: NOW },
    ]);
    expect(setCondition([other], ready, NOW)).toEqual([other, ready]);
  });

  it('finds and removes by type', () => {
    expect(findCondition([ready], 'Ready')).toBe(ready);
    expect(isConditionTrue([ready, other], 'Other')).toBe(false);
    expect(isConditionTrue(undefined, 'Ready')).toBe(false);
    expect(removeCondition([ready, other], 'Ready')).toEqual([other]);
  });
});

describe('equality', () => {
  it('API-305: nothing equals nothing, order of members is ignored', () => {
    expect(jsonEqual({ a: 1, b: undefined, c: null }, { a: 1 })).toBe(true);
    expect(jsonEqual({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(jsonEqual({ a: [] }, {})).toBe(false);
    expect(jsonEqual([1], [1, 2])).toBe(false);
    expect(jsonEqual({ 0: 1 }, [1])).toBe(false);
    expect(jsonEqual({ a: '1' }, { a: 1 })).toBe(false);
    expect(jsonEqual({}, { toString: 1 })).toBe(false);
  });

  it('API-305: semantic equality takes empty for absent', () => {
    expect(semanticEqual({ a: [], b: {} }, {})).toBe(true);
    expect(semanticEqual({ a: [1] }, {})).toBe(false);
    expect(semanticEqual({ a: '' }, {})).toBe(false);
  });
});
