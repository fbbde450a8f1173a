// format.*: named formats of Kubernetes.
import { stringFormat } from '../../apiextensions/formats.ts';
import {
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validateQualifiedName,
} from '../../meta/names.ts';
import type { Declaration } from '../language/declarations.ts';
import { structOf } from '../language/types.ts';
import { CelObject, CelOptional } from '../language/values.ts';

type Check = (text: string) => string[];

class NamedFormat extends CelObject {
  readonly celType = structOf('kubernetes.NamedFormat');
  readonly check: Check;
  /** Of the pattern behind it: what a check costs. */
  readonly size: number;

  constructor(check: Check, size: number) {
    super();
    this.check = check;
    this.size = size;
  }

  override equals({ check }: this): boolean {
    return check === this.check;
  }
}

function prefixed(check: Check): Check {
  return (text) => check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function known(name: string, message: string): Check {
  return (text) => (stringFormat(name)?.(text) === false ? [message] : []);
}

const FORMATS: ReadonlyMap<string, NamedFormat> = new Map(
  Object.entries({
    dns1123Label: new NamedFormat(validateDns1123Label, 30),
    dns1123Subdomain: new NamedFormat(validateDns1123Subdomain, 60),
    dns1035Label: new NamedFormat(validateDns1035Label, 30),
    qualifiedName: new NamedFormat(validateQualifiedName, 60),
    dns1123LabelPrefix: new NamedFormat(prefixed(validateDns1123Label), 30),
    dns1123SubdomainPrefix: new NamedFormat(prefixed(validateDns1123Subdomain), 60),
    dns1035LabelPrefix: new NamedFormat(prefixed(validateDns1035Label), 30),
    labelValue: new NamedFormat(validateLabelValue, 40),
    uri: new NamedFormat(known('uri', 'invalid URI'), 1103),
    uuid: new NamedFormat(known('uuid', 'does not match the UUID format'), 81),
    byte: new NamedFormat(known('byte', 'invalid base64'), 84),
    date: new NamedFormat(known('date', 'invalid date'), 118),
    datetime: new NamedFormat(known('datetime', 'invalid datetime'), 118),
  }),
);

const F = 'kubernetes.NamedFormat';

function validate({ check }: NamedFormat, text: string): CelOptional {
  const messages = check(text);
  return messages.length === 0 ? CelOptional.NONE : new CelOptional(messages);
}

export const namedFormats: readonly Declaration[] = [
  ...Array.from(FORMATS, ([name, format]): Declaration => {
    return [`format.${name}`, `format.${name}`, `() -> ${F}`, () => format];
  }),
  [
    'format.named',
    'format-named',
    `(string) -> optional(${F})`,
    (name: string) => new CelOptional(FORMATS.get(name)),
  ],
  ['validate', 'format-validate', `${F}.(string) -> optional(list(string))`, validate],
];
