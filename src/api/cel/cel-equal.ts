// Equality of CEL values: numbers by value whatever their type, lists and maps by their members.

/** True when both are the same to CEL. */
export function celEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return Number(left) === Number(right);
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => celEqual(item, right[index]));
  }
  const [own, other] = [Object.entries(left), Object.entries(right)];
  if (own.length !== other.length) return false;
  return own.every(
    ([name, value]) => Object.hasOwn(right, name) && celEqual(value, Reflect.get(right, name)),
  );
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
