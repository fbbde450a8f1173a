import { expect, it } from 'vitest';
import type { StorageClass } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { defaultClassOf } from './plan-claim.ts';

const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

const buildClass = (name: string, day: number, isDefault: string): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name,
    creationTimestamp: `2026-01-0${day}T00:00:00Z`,
    annotations: { [IS_DEFAULT]: isDefault },
  },
  provisioner: 'example.com/disk',
});

const chosen = (...classes: StorageClass[]) => {
  const found = defaultClassOf(classes);
  return found && nameOf(found);
};

it('SS-866: the newest default class wins, of equally new ones the first by name', () => {
  const old = buildClass('a', 1, 'true');
  const newer = buildClass('c', 2, 'true');
  const alike = buildClass('b', 2, 'true');
  const none = buildClass('d', 3, 'false');
  expect(chosen(old, newer, none)).toBe('c');
  expect(chosen(old, newer, alike, none)).toBe('b');
  expect(chosen(none)).toBeUndefined();
});
