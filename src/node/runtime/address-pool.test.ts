import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allocateAddress } from './address-pool.ts';
import { macOfAddress, nodePodNetwork, podAddress } from './cluster-network.ts';
import { temporaryDirectory } from './runtime-test-kit.ts';

let dir = '';
beforeEach(() => void (dir = temporaryDirectory()));
afterEach(() => rmSync(dir, { recursive: true }));

const pool = () => ({ file: join(dir, 'a.json'), address: (n: number) => podAddress(3, n) });

test('allocateAddress() goes round all 253 addresses before one comes again', () => {
  const given = Array.from({ length: 253 }, () => allocateAddress(pool(), new Set()));
  expect(given[0]).toBe('10.244.3.2');
  expect(given.at(-1)).toBe('10.244.3.254');
  expect(new Set(given).size).toBe(253);
  expect(allocateAddress(pool(), new Set(['10.244.3.2']))).toBe('10.244.3.3');
});

test('allocateAddress() says when none is left', () => {
  const all = new Set(Array.from({ length: 256 }, (_, number) => podAddress(3, number)));
  expect(() => allocateAddress(pool(), all)).toThrow('all 253 pod addresses are in use');
});

test('the address plan', () => {
  expect(nodePodNetwork(2)).toBe('10.244.2.0/24');
  expect(macOfAddress('10.244.0.17')).toBe('0a:58:0a:f4:00:11');
  expect(() => podAddress(256, 2)).toThrow('fits the plan');
});
