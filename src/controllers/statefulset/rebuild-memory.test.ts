import { expect, it } from 'vitest';
import { buildControllerRevision, buildSet } from './plan/set-builder.ts';
import { rememberPositive } from './rebuild-memory.ts';

function counted(answer: boolean) {
  let calls = 0;
  const test = rememberPositive(() => {
    calls++;
    return answer;
  });
  const ask = (uid: string, generation = 1, resourceVersion = '1') => {
    const set = buildSet();
    const revision = buildControllerRevision('web-1', 1);
    const metadata = { ...revision.metadata, resourceVersion };
    const asked = { ...set, metadata: { ...set.metadata, uid, generation } };
    return test(asked, { ...revision, metadata }, '');
  };
  return { ask, calls: () => calls };
}

it('SS-522: a positive answer is asked for once per uid, generation and resourceVersion', () => {
  const { ask, calls } = counted(true);
  for (let time = 0; time < 3; time++) expect(ask('a')).toBe(true);
  expect(calls()).toBe(1);
  for (const again of [() => ask('b'), () => ask('a', 2), () => ask('a', 1, '2')]) again();
  expect(calls()).toBe(4);
});

it('SS-522: negative answers are not remembered', () => {
  const { ask, calls } = counted(false);
  for (let time = 0; time < 3; time++) expect(ask('a')).toBe(false);
  expect(calls()).toBe(3);
});

it('SS-522: of 10,000 answers the one asked for longest ago is forgotten', () => {
  const { ask, calls } = counted(true);
  for (let index = 0; index < 10_000; index++) ask(`set-${index}`);
  ask('set-0'); // asked for again: now set-1 is the oldest
  ask('one-more');
  expect(calls()).toBe(10_001);
  ask('set-0');
  expect(calls()).toBe(10_001);
  ask('set-1');
  expect(calls()).toBe(10_002);
});
