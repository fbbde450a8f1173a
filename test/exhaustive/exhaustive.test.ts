import { describe, expect, it } from 'vitest';
import { boundedConfigurations } from './configurations.ts';
import { search } from './search.ts';

const byName = new Map(boundedConfigurations().map((one) => [one.name, one]));

function named(name: string) {
  const found = byName.get(name);
  if (!found) throw new Error(`no configuration ${name}`);
  return found;
}

// The complete list is run by `npm run exhaustive`.
describe('every interleaving of syncs, effects, pods, caches, crashes and users', () => {
  it.each([...byName])('SS-301, SS-302: %s', (_name, configuration) => {
    const { states, goals, violation } = search(configuration);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(100);
    expect(goals).toBeGreaterThan(0);
  });
});

describe('where a set waits for its user for ever', () => {
  it.each([
    ['SS-492', '1.36 OrderedReady Rolling partition 0: broken template'],
    ['SS-333', '1.36 OrderedReady Rolling partition 0: pods that break'],
    ['SS-455', '1.36 gate Parallel Rolling partition 0 max 1: broken template'],
  ])('%s: %s', (rule, name) => {
    const { stuck, deadEnds } = search(named(name));
    expect(stuck).toBeGreaterThan(0);
    expect([...deadEnds.keys()]).toContain(rule);
  });

  it('SS-456: the stuck state of SS-455 is gone with 1.37', () => {
    const name = '1.37 gate Parallel Rolling partition 0 max 1: broken template';
    expect([...search(named(name)).deadEnds.keys()]).toEqual(['SS-491']);
  });
});
