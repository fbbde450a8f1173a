// Finds out the types of an expression and what is wrong with it: the checker of the reference.
import type { CelFault } from './faults.ts';
import type { FunctionTable, Overload } from './declarations.ts';
import { qualifiedName } from './node.ts';
import type {
  CallNode,
  CelNode,
  FoldNode,
  ListNode,
  MapNode,
  SelectNode,
  StructNode,
} from './node.ts';
import * as t from './types.ts';
import { showType, unwrapOptional } from './types.ts';
import type { CelType } from './types.ts';
import { assign, assignAll, mostGeneral, substitute } from './unify.ts';
import type { Mapping } from './unify.ts';

/** What an expression may speak of. */
export interface Declarations {
  readonly functions: FunctionTable;
  /** By name; names may have dots. */
  readonly variables: ReadonlyMap<string, CelType>;
  /** True for structs with members: others can't be looked into. */
  hasFields(struct: string): boolean;
  /** The type of a member of a struct: undefined when the struct has no such member. */
  fieldType(struct: string, field: string): CelType | undefined;
  /** True for structs that an expression may make. */
  canMake(struct: string): boolean;
}

/** Checks a tree, and writes types and overloads on its nodes. */
export function checkExpression(root: CelNode, declarations: Declarations): CelFault[] {
  const checker = new Checker(declarations);
  checker.check(root);
  checker.finish();
  return checker.faults;
}

/** Types that expressions may name. */
// prettier-ignore
export const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map(Object.entries({
  bool: t.BOOL, bytes: t.BYTES, double: t.DOUBLE, int: t.INT, string: t.STRING, type: t.TYPE,
  uint: t.UINT, null_type: t.NULL, list: t.listOf(t.DYN), map: t.mapOf(t.DYN, t.DYN),
  'google.protobuf.Timestamp': t.TIMESTAMP, 'google.protobuf.Duration': t.DURATION,
  'net.IP': t.opaqueOf('net.IP'), 'net.CIDR': t.opaqueOf('net.CIDR'),
  ...Object.fromEntries(
    ['Quantity', 'URL', 'Semver', 'NamedFormat'].map((name) => [
      `kubernetes.${name}`, t.structOf(`kubernetes.${name}`),
    ]),
  ),
}));

class Checker {
  readonly faults: CelFault[] = [];
  readonly #declarations: Declarations;
  readonly #scopes: Map<string, CelType>[] = [];
  readonly #nodes: CelNode[] = [];
  #mapping: Mapping = new Map();
  #freeParameters = 0;

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  /** Parameters that are still free become `dyn`. */
  finish(): void {
    for (const node of this.#nodes) {
      if (node.type) node.type = substitute(this.#mapping, node.type, true);
    }
  }

  check(node: CelNode): CelType {
    const type = this.#typeOf(node);
    node.type = type;
    this.#nodes.push(node);
    return type;
  }

  #typeOf(node: CelNode): CelType {
    switch (node.kind) {
      case 'literal':
        return node.literalType;
      case 'ident':
        return this.#variable(node.name) ?? this.#undeclared(node.name, node);
      case 'select':
        return this.#select(node);
      case 'call':
        return this.#call(node);
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'struct':
        return this.#struct(node);
      case 'fold':
        return this.#fold(node);
    }
  }

  #fault(message: string, { offset }: { readonly offset: number }): CelType {
    this.faults.push({ message, offset });
    return t.ERROR;
  }

  #undeclared(name: string, node: CelNode): CelType {
    return this.#fault(`undeclared reference to '${name}' (in container '')`, node);
  }

  #mismatch(node: { readonly offset: number }, expected: CelType, found: CelType): CelType {
    const [a, b] = [this.#known(expected), this.#known(found)].map(showType);
    return this.#fault(`expected type '${a}' but found '${b}'`, node);
  }

  #variable(name: string): CelType | undefined {
    const plain = name.replace(/^\./, '');
    for (const scope of this.#scopes.toReversed()) {
      const type = scope.get(plain);
      if (type) return type;
    }
    const type = this.#declarations.variables.get(plain);
    if (type) return type;
    const named = TYPE_NAMES.get(plain);
    return named && t.typeOf(named);
  }

  #known(type: CelType): CelType {
    return substitute(this.#mapping, type);
  }

  #newParameter(): CelType {
    this.#freeParameters += 1;
    return t.paramOf(`_var${this.#freeParameters - 1}`);
  }

  #isAssignable(one: CelType, other: CelType): boolean {
    const mapping = assign(this.#mapping, one, other);
    if (mapping) this.#mapping = mapping;
    return mapping !== undefined;
  }

  #select(node: SelectNode): CelType {
    const name = qualifiedName(node);
    const variable = name === undefined ? undefined : this.#variable(name);
    if (variable && name !== undefined) {
      node.variable = name;
      return variable;
    }
    const type = this.#member(node, { operand: node.operand, field: node.field });
    return node.isTest ? t.BOOL : this.#known(type);
  }

  #member(
    node: CelNode,
    {
      operand,
      field,
      isOptional = false,
    }: { operand: CelNode; field: string; isOptional?: boolean },
  ): CelType {
    const [target, wasOptional] = unwrapOptional(this.#known(this.check(operand)));
    const type = this.#memberOf(node, target, field);
    return isOptional || wasOptional ? t.optionalOf(type) : type;
  }

  #memberOf(node: CelNode, target: CelType, field: string): CelType {
    switch (target.kind) {
      case 'map':
        return target.parameters[1] ?? t.DYN;
      case 'struct': {
        const { name } = target;
        if (!this.#declarations.hasFields(name)) {
          return this.#fault(`unexpected failed resolution of '${name}'`, node);
        }
        const found = this.#declarations.fieldType(name, field);
        return found ?? this.#fault(`undefined field '${field}'`, node);
      }
      case 'param':
        this.#isAssignable(t.DYN, target);
        return t.DYN;
      case 'dyn':
      case 'error':
        return t.DYN;
      default:
        this.#fault(`type '${showType(target)}' does not support field selection`, node);
        return t.DYN;
    }
  }

  #optionalSelect(node: CallNode): CelType {
    const [operand, field] = node.args;
    if (!operand || field?.kind !== 'literal') return t.ERROR;
    const options = { operand, field: String(field.value), isOptional: true };
    return this.#known(this.#member(node, options));
  }

  #call(node: CallNode): CelType {
    const { functions } = this.#declarations;
    if (node.name === '_?._') return this.#optionalSelect(node);
    for (const arg of node.args) this.check(arg);
    const { target } = node;
    if (!target) {
      const name = node.name.replace(/^\./, '');
      const overloads = functions.get(name);
      if (!overloads) return this.#undeclared(node.name, node);
      return this.#resolve(node, { name, overloads, given: node.args });
    }
    const prefix = qualifiedName(target);
    const name = `${prefix ?? ''}.${node.name}`.replace(/^\./, '');
    const qualified = prefix === undefined ? undefined : functions.get(name);
    if (qualified) {
      node.fullName = name;
      return this.#resolve(node, { name, overloads: qualified, given: node.args });
    }
    this.check(target);
    const overloads = functions.get(node.name);
    if (!overloads) return this.#undeclared(node.name, node);
    const given = [target, ...node.args];
    return this.#resolve(node, { name: node.name, overloads, given, isMember: true });
  }

  #resolve(
    node: CallNode,
    {
      name,
      overloads,
      given,
      isMember = false,
    }: {
      name: string;
      overloads: readonly Overload[];
      given: readonly CelNode[];
      isMember?: boolean;
    },
  ): CelType {
    if (name === '_&&_' || name === '_||_') return this.#logical(node, overloads);
    const types = given.map((arg) => arg.type ?? t.ERROR);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.isMember !== isMember) continue;
      const own = this.#fit(overload, types);
      if (!own) continue;
      fitting.push(overload);
      if (!result) result = own;
      else if (result.kind !== 'dyn' && !t.isSameType(own, result)) result = t.DYN;
    }
    node.overloads = fitting;
    if (result) return result;
    const shown = types.map((type) => showType(substitute(this.#mapping, type, true)));
    const args = `(${(isMember ? shown.slice(1) : shown).join(', ')})`;
    const applied = isMember ? `${shown[0] ?? ''}.${args}` : args;
    return this.#fault(`found no matching overload for '${name}' applied to '${applied}'`, node);
  }

  /** The result of an overload; undefined when its parameters don't fit. */
  #fit({ parameters, result, typeParameters }: Overload, types: readonly CelType[]) {
    const fresh: Mapping = new Map(typeParameters.map((name) => [name, this.#newParameter()]));
    const own = parameters.map((type) => substitute(fresh, type));
    const mapping = assignAll(this.#mapping, types, own);
    if (!mapping) return undefined;
    this.#mapping = mapping;
    return substitute(mapping, substitute(fresh, result));
  }

  #logical(node: CallNode, overloads: readonly Overload[]): CelType {
    node.overloads = overloads;
    const wrong = node.args.filter((arg) => !this.#isAssignable(arg.type ?? t.ERROR, t.BOOL));
    for (const arg of wrong) this.#mismatch(arg, t.BOOL, arg.type ?? t.ERROR);
    return wrong.length > 0 ? t.ERROR : t.BOOL;
  }

  #join(before: CelType | undefined, type: CelType): CelType {
    if (!before) return type;
    // Where members have to be of one type, the check of literals says so.
    return this.#isAssignable(before, type) ? mostGeneral(before, type) : t.DYN;
  }

  #unwrapped(node: CelNode, isOptional: boolean): CelType {
    const type = node.type ?? t.ERROR;
    if (!isOptional) return type;
    const [inner, wasOptional] = unwrapOptional(type);
    if (!wasOptional && inner.kind !== 'dyn') this.#mismatch(node, t.optionalOf(inner), inner);
    return inner;
  }

  #list({ items }: ListNode): CelType {
    let type: CelType | undefined;
    for (const { value, isOptional } of items) {
      this.check(value);
      type = this.#join(type, this.#unwrapped(value, isOptional));
    }
    return t.listOf(type ?? this.#newParameter());
  }

  #map({ entries }: MapNode): CelType {
    let keyType: CelType | undefined;
    let valueType: CelType | undefined;
    for (const { key, value, isOptional } of entries) {
      keyType = this.#join(keyType, this.check(key));
      this.check(value);
      valueType = this.#join(valueType, this.#unwrapped(value, isOptional));
    }
    return t.mapOf(keyType ?? this.#newParameter(), valueType ?? this.#newParameter());
  }

  #struct(node: StructNode): CelType {
    const { fields } = node;
    const name = node.name.replace(/^\./, '');
    const isKnown = this.#declarations.canMake(name);
    if (!isKnown) this.#undeclared(node.name, node);
    for (const field of fields) {
      this.check(field.value);
      const type = this.#unwrapped(field.value, field.isOptional);
      if (!isKnown) continue;
      const expected = this.#declarations.fieldType(name, field.name);
      if (!expected) this.#fault(`undefined field '${field.name}'`, field);
      else if (!this.#isAssignable(expected, type)) {
        const [a, b] = [showType(expected), showType(this.#known(type))];
        const message = `expected type of field '${field.name}' is '${a}' but provided type is '${b}'`;
        this.#fault(message, field);
      }
    }
    return isKnown ? t.structOf(name) : t.ERROR;
  }

  #fold(node: FoldNode): CelType {
    this.check(node.range);
    const accumulator = this.check(node.init);
    const range = this.#known(node.range.type ?? t.ERROR);
    const [first, second] = this.#elements(node, range);
    this.#scopes.push(new Map([[node.accumulator, accumulator]]));
    const variables = new Map([[node.variable, first]]);
    if (node.second !== undefined) variables.set(node.second, second);
    this.#scopes.push(variables);
    this.#mustBe(node.condition, t.BOOL);
    this.#mustBe(node.step, accumulator);
    this.#scopes.pop();
    const result = this.check(node.result);
    this.#scopes.pop();
    return this.#known(result);
  }

  #mustBe(node: CelNode, type: CelType): void {
    const found = this.check(node);
    if (!this.#isAssignable(type, found)) this.#mismatch(node, type, found);
  }

  /** The types of the variables of a loop. */
  #elements({ range: node, second }: FoldNode, range: CelType): readonly [CelType, CelType] {
    const [first = t.DYN, value = t.DYN] = range.parameters;
    switch (range.kind) {
      case 'list':
        return second === undefined ? [first, first] : [t.INT, first];
      case 'map':
        return [first, value];
      case 'dyn':
      case 'error':
      case 'param':
        this.#isAssignable(t.DYN, range);
        return [t.DYN, t.DYN];
      default: {
        const what = 'cannot be range of a comprehension (must be list, map, or dynamic)';
        this.#fault(`expression of type '${showType(range)}' ${what}`, node);
        return [t.ERROR, t.ERROR];
      }
    }
  }
}
