// The JSON paths of printer columns: members, quoted members, indexes, slices, wildcards, recursive
// descent, and filters that compare, `[?(@.type=="Ready")]`.
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';

type Step = (value: Json) => Json[];

const TOKEN =
  /\.\.(?<deep>[\w-]+|\*)|\.(?<name>(?:[\w$/-]|\\.)+|\*)|\[\?\((?<filter>(?:"[^"]*"|'[^']*'|[^\])"'])*)\)\]|\[(?<inside>(?:'(?:[^'\\]|\\.)*'|"[^"]*"|[^\]'"])*)\]/y; // prettier-ignore

const paths = new Map<string, readonly Step[] | undefined>();
const PATHS_MAX = 1_000;

/** All values at a path, in order; undefined for what is no path. */
export function evaluateJsonPath(path: string, root: Json): Json[] | undefined {
  let steps = paths.get(path);
  if (steps === undefined && !paths.has(path)) {
    steps = parse(path);
    if (paths.size >= PATHS_MAX) paths.clear();
    paths.set(path, steps);
  }
  return steps?.reduce<Json[]>((values, step) => values.flatMap(step), [root]);
}

function parse(path: string): Step[] | undefined {
  const steps: Step[] = [];
  let index = 0;
  while (index < path.length) {
    // Filters have paths of their own, read with the same expression: the index is ours.
    TOKEN.lastIndex = index;
    const match = TOKEN.exec(path);
    const step = match?.groups && stepOf(match.groups);
    if (!match || !step) return undefined;
    index += match[0].length;
    steps.push(step);
  }
  return steps;
}

function stepOf({ deep, name, filter, inside }: Record<string, string | undefined>) {
  if (deep !== undefined) return (value: Json) => descend(value).flatMap(member(deep));
  if (name !== undefined) return member(name.replace(/\\(.)/g, '$1'));
  if (filter !== undefined) return filtered(filter.trim());
  return inside === undefined ? undefined : bracket(inside.trim());
}

function descend(value: Json): Json[] {
  const below = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  return [value, ...below.flatMap(descend)];
}

function member(name: string): Step {
  return (value) => {
    if (name === '*') {
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    }
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return [];
    return [value[name] ?? null];
  };
}

function bracket(text: string): Step | undefined {
  const quoted = /^'((?:[^'\\]|\\.)*)'$|^"([^"]*)"$/.exec(text);
  if (quoted) return member((quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1'));
  if (text === '*') return member('*');
  if (/^-?\d+(\s*,\s*-?\d+)*$/.test(text)) {
    const indexes = text.split(',').map(Number);
    return (value) => indexes.flatMap((index) => itemAt(value, index));
  }
  const slice = /^(-?\d*):(-?\d*)(?::(-?\d+))?$/.exec(text);
  return slice ? sliced(slice) : undefined;
}

function itemAt(value: Json, index: number): Json[] {
  const item = Array.isArray(value) ? value.at(index) : undefined;
  return item === undefined ? [] : [item];
}

function sliced([, start = '', end = '', step = '1']: RegExpExecArray): Step {
  const every = Math.max(Number(step), 1);
  return (value) => {
    if (!Array.isArray(value)) return [];
    const part = value.slice(Number(start), end === '' ? undefined : Number(end));
    return part.filter((_item, index) => index % every === 0);
  };
}

const COMPARISON = /^@(?<left>.*?)\s*(?<operator>==|!=|<=|>=|<|>)\s*(?<right>.+)$/s;

function filtered(text: string): Step | undefined {
  const groups = COMPARISON.exec(text)?.groups;
  const left = parse((groups?.['left'] ?? text.replace(/^@/, '')).trim());
  if (!left) return undefined;
  const valueOf = (item: Json) =>
    left.reduce<Json[]>((values, step) => values.flatMap(step), [item])[0];
  const operator = groups?.['operator'];
  const right = literal((groups?.['right'] ?? '').trim());
  const holds = (item: Json) => {
    const value = valueOf(item);
    return operator === undefined ? value !== undefined : compares(value, operator, right);
  };
  return (value) => (Array.isArray(value) ? value.filter(holds) : []);
}

function literal(text: string): Json {
  const quoted = /^(["'])(.*)\1$/s.exec(text)?.[2];
  if (quoted !== undefined) return quoted;
  if (text === 'true' || text === 'false') return text === 'true';
  return text === 'null' || text === '' || Number.isNaN(Number(text)) ? null : Number(text);
}

function compares(left: Json | undefined, operator: string, right: Json): boolean {
  if (left === undefined) return false;
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left !== typeof right || left === null || right === null) return false;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
