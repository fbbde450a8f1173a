// What is looked at after the types fit: literals that can't be what they are given for, and lists
// and maps whose members are of different types.
import type { CelFault } from './faults.ts';
import { childrenOf } from './node.ts';
import type { CallNode, CelNode, ListNode, MapNode } from './node.ts';
import { DYN, isSameType, showType, unwrapOptional } from './types.ts';
import type { CelType } from './types.ts';
import { CelRunError } from './values.ts';

/** Functions whose literal arguments are tried. */
const TRIED: ReadonlySet<string> = new Set(['duration', 'timestamp', 'matches']);

/** The faults of literals in a checked tree. */
export function checkLiterals(root: CelNode): CelFault[] {
  const isAny = () => true;
  // The values of format() are of all types, if they say so: dyn(5).
  const isStrict = (node: CelNode) => node.kind !== 'call' || node.name !== 'format';
  const faults = allBelow(root, isAny).flatMap(argumentFaults);
  return [...faults, ...allBelow(root, isStrict).flatMap(memberFaults)];
}

function allBelow(node: CelNode, goesInto: (node: CelNode) => boolean): CelNode[] {
  if (!goesInto(node)) return [];
  return [node, ...childrenOf(node).flatMap((child) => allBelow(child, goesInto))];
}

function argumentFaults(node: CelNode): CelFault[] {
  if (node.kind !== 'call' || !TRIED.has(node.name)) return [];
  const [first] = node.args;
  if (first?.kind !== 'literal' || works(node, first.value)) return [];
  return [{ message: `invalid ${node.name} argument`, offset: first.offset }];
}

function works({ name, overloads = [] }: CallNode, value: unknown): boolean {
  const handler = overloads[0]?.handler as ((...given: unknown[]) => unknown) | undefined;
  try {
    if (name === 'matches') handler?.('', value);
    else handler?.(value);
    return true;
  } catch (error) {
    if (error instanceof CelRunError) return false;
    throw error;
  }
}

function memberFaults(node: CelNode): CelFault[] {
  if (node.kind === 'list') return itemFaults(node);
  return node.kind === 'map' ? entryFaults(node) : [];
}

function typeOfMember({ type = DYN }: CelNode, isOptional: boolean): CelType {
  return isOptional ? unwrapOptional(type)[0] : type;
}

function itemFaults({ items }: ListNode): CelFault[] {
  const [first, ...others] = items;
  if (!first) return [];
  const expected = typeOfMember(first.value, first.isOptional);
  const faults = others.flatMap(({ value, isOptional }) => {
    return mismatch(value, expected, typeOfMember(value, isOptional));
  });
  return faults.slice(0, 1);
}

function entryFaults({ entries }: MapNode): CelFault[] {
  const [first, ...others] = entries;
  if (!first) return [];
  const keyType = typeOfMember(first.key, false);
  const valueType = typeOfMember(first.value, first.isOptional);
  return others.flatMap(({ key, value, isOptional }) => [
    ...mismatch(key, keyType, typeOfMember(key, false)),
    ...mismatch(value, valueType, typeOfMember(value, isOptional)),
  ]);
}

function mismatch({ offset }: CelNode, expected: CelType, found: CelType): CelFault[] {
  if (isSameType(expected, found)) return [];
  const message = `expected type '${showType(expected)}' but found '${showType(found)}'`;
  return [{ message, offset }];
}
