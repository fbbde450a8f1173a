// What a resize is refused for (API-706).
import { expect, test } from 'vitest';
import type { Container, Pod } from '../../../api/generated/types.ts';
import { refusalOfAny, resizeCauses } from './resize-checks.ts';

const container = (fields: Partial<Container> = {}): Container => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu: '1' }, limits: { cpu: '2' } },
  ...fields,
});
const podOf = (containers: Container[], spec: object = {}): Pod =>
  ({ kind: 'Pod', metadata: { name: 'p' }, spec: { containers, ...spec } }) as unknown as Pod;
const faults = (pod: Pod, old = podOf([container()])) =>
  resizeCauses(pod, old).map(({ field = '', message = '' }) => `${field}: ${message}`);
const sized = (resources: Container['resources']) => podOf([container({ resources })]);

test('API-706: CPU and memory may change, other resources and policies may not', () => {
  expect(faults(sized({ requests: { cpu: '1500m' }, limits: { cpu: '3' } }))).toEqual([]);
  const only = 'spec: Forbidden: only cpu and memory resources are mutable';
  const disk = { cpu: '1', 'ephemeral-storage': '1Gi' };
  expect(faults(sized({ requests: disk, limits: { cpu: '2' } }))).toEqual([only]);
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  expect(faults(podOf([container({ resizePolicy })]))).toEqual([only]);
});

test('API-706: containers stay what they are', () => {
  expect(faults(podOf([container(), container({ name: 'd' })]))).toEqual([
    'spec.containers: Forbidden: containers may not be added or removed on resize',
  ]);
  expect(faults(podOf([container({ name: 'd' })]))).toEqual([
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
  ]);
  expect(faults(sized({ requests: { cpu: '1' } }))).toEqual([
    'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
  ]);
});

test('API-706: static pods and pods of Windows are not resized', () => {
  expect(refusalOfAny(podOf([container()]))).toBeUndefined();
  expect(refusalOfAny(podOf([container()], { os: { name: 'windows' } }))).toMatchObject({
    message: 'Forbidden: windows pods cannot be resized',
  });
});
