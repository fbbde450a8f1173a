// Field selectors of list and watch requests: `status.phase!=Failed,spec.nodeName=n` (API-518).
import { compareBytewise } from './canonical-json.ts';
import { goQuote } from './go-quote.ts';
import { badRequest } from './status-error.ts';

export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All terms must hold; without terms everything is selected. */
export type FieldSelector = readonly FieldTerm[];

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\[^]|[^\\,]|\\$)+/g) ?? []).sort(compareBytewise);
}

function unescape(value: string): string {
  let result = '';
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (character === '\\') {
      index += 1;
      const escaped = value[index] ?? '';
      if (escaped === '' || !'\\,='.includes(escaped)) {
        const sequence = `\\${escaped}`;
        throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
      }
      result += escaped;
    } else if (character === '=') {
      const code = character.charCodeAt(0);
      throw badRequest(`invalid field selector: unescaped character in value: ${code}`);
    } else result += character;
  }
  return result;
}

/** Reads the `fieldSelector` of a query. Throws StatusError 400 with upstream's text. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text).map((term) => {
    const match = /^([^]*?)(!=|==|=)([^]*)$/.exec(term);
    if (match === null) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    const [, field = '', operator, value = ''] = match;
    return { field, operator: operator === '!=' ? '!=' : '=', value: unescape(value) };
  });
}

const EVERYWHERE: readonly string[] = ['metadata.name', 'metadata.namespace'];

/** What a kind says about its own field selectors. */
export interface SelectableFields {
  /** Fields beyond name and namespace; undefined for kinds that leave it at those. */
  readonly extra: readonly string[] | undefined;
  readonly namespaced: boolean;
}

/**
 * Refuses fields that cannot be selected by (API-518). Kinds with fields of their own answer with
 * another text, and know no namespace when they have none. Throws StatusError 400.
 */
export function checkFieldSelector(
  selector: FieldSelector,
  { extra, namespaced }: SelectableFields,
): void {
  const common = extra === undefined || namespaced ? EVERYWHERE : ['metadata.name'];
  for (const { field } of selector) {
    if (common.includes(field) || extra?.includes(field) === true) continue;
    if (extra !== undefined) throw badRequest(`field label not supported: ${field}`);
    const known = EVERYWHERE.map(goQuote).join(', ');
    throw badRequest(`${goQuote(field)} is not a known field selector: only ${known}`);
  }
}

/** True when every term holds; `get` gives a field's value, the empty string when it has none. */
export function matchesFields(
  selector: FieldSelector,
  get: (field: string) => string | undefined,
): boolean {
  return selector.every(
    ({ field, operator, value }) => ((get(field) ?? '') === value) === (operator === '='),
  );
}

/** The value a field must have for an object to match; undefined when any will do. */
export function requiredFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((term) => term.field === field && term.operator === '=')?.value;
}

/** The text form. */
export function formatFieldSelector(selector: FieldSelector): string {
  return selector
    .map(({ field, operator, value }) => {
      return `${field}${operator}${value.replaceAll(/[\\,=]/g, (character) => `\\${character}`)}`;
    })
    .join(',');
}
