// The rules for names, each giving the reasons why a text breaks it: an empty list means valid.
// Texts are upstream's, regular expressions included (API-410).

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const UNDERSCORE_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const UNDERSCORE_SUBDOMAIN = `${UNDERSCORE_LABEL}(\\.${UNDERSCORE_LABEL})*`;
const RFC1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const WILDCARD_SUBDOMAIN = `\\*\\.${SUBDOMAIN}`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const ENV_VAR = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const PERCENT = '[0-9]+%';
const HEADER_NAME = '[-A-Za-z0-9]+';
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';

const LABEL_LIMIT = 63;
const SUBDOMAIN_LIMIT = 253;
const PORT_NAME_LIMIT = 15;
const ID_MAX = 2 ** 31 - 1;

interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
}

function rule(source: string, text: string, examples: readonly string[]): Rule {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return {
    pattern: new RegExp(`^${source}$`),
    message: `${text} (e.g. ${list}regex used for validation is '${source}')`,
  };
}

const label = rule(
  LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
    'and must start and end with an alphanumeric character',
  ['my-name', '123-abc'],
);
const subdomain = rule(
  SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " +
    "or '.', and must start and end with an alphanumeric character",
  ['example.com'],
);
const underscoreSubdomain = rule(
  UNDERSCORE_SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', " +
    "'-' or '.', and must start and end with an alphanumeric character",
  ['example.com'],
);
const rfc1035Label = rule(
  RFC1035_LABEL,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with " +
    'an alphabetic character, and end with an alphanumeric character',
  ['my-name', 'abc-123'],
);
const wildcardSubdomain = rule(
  WILDCARD_SUBDOMAIN,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, " +
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an " +
    'alphanumeric character',
  ['*.example.com'],
);
const qualifiedName = rule(
  QUALIFIED,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with " +
    'an alphanumeric character',
  ['MyName', 'my.name', '123-abc'],
);
const labelValue = rule(
  LABEL_VALUE,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' " +
    "or '.', and must start and end with an alphanumeric character",
  ['MyValue', 'my_value', '12345'],
);
const envVarName = rule(
  ENV_VAR,
  "a valid environment variable name must consist of alphabetic characters, digits, '_', " +
    "'-', or '.', and must not start with a digit",
  ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
);
const configMapKey = rule(
  CONFIG_KEY,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ['key.name', 'KEY_NAME', 'key-name'],
);
const percent = rule(
  PERCENT,
  "a valid percent string must be a numeric string followed by an ending '%'",
  ['1%', '93%'],
);
const headerName = rule(
  HEADER_NAME,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  ['X-Header-Name'],
);
const cIdentifier = rule(
  C_IDENTIFIER,
  "a valid C identifier must start with alphabetic character or '_', followed by a string " +
    "of alphanumeric characters or '_'",
  ['my_name', 'MY_NAME', 'MyName'],
);

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

function check(value: string, { pattern, message }: Rule): string[] {
  return pattern.test(value) ? [] : [message];
}

function limited(value: string, limit: number, unit: 'characters' | 'bytes'): string[] {
  return byteLength(value) > limit ? [`must be no more than ${limit} ${unit}`] : [];
}

/** A DNS label of RFC 1123: namespaces, containers, volumes, hostnames. */
export function validateDns1123Label(value: string): string[] {
  const messages = limited(value, LABEL_LIMIT, 'characters');
  if (label.pattern.test(value)) return messages;
  const dotted = subdomain.pattern.test(value);
  return [...messages, dotted ? 'must not contain dots' : label.message];
}

/** A DNS subdomain of RFC 1123: names of most objects. */
export function validateDns1123Subdomain(value: string): string[] {
  return [...limited(value, SUBDOMAIN_LIMIT, 'characters'), ...check(value, subdomain)];
}

/** A DNS subdomain whose labels may have underscores: search domains of pods. */
export function validateDns1123SubdomainWithUnderscore(value: string): string[] {
  return [...limited(value, SUBDOMAIN_LIMIT, 'characters'), ...check(value, underscoreSubdomain)];
}

/** A subdomain after `*.`. */
export function validateWildcardDns1123Subdomain(value: string): string[] {
  return [...limited(value, SUBDOMAIN_LIMIT, 'characters'), ...check(value, wildcardSubdomain)];
}

/** A DNS label of RFC 1035: starts with a letter. */
export function validateDns1035Label(value: string): string[] {
  return [...limited(value, LABEL_LIMIT, 'characters'), ...check(value, rfc1035Label)];
}

function prefixMessages(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return [...limited(prefix, SUBDOMAIN_LIMIT, 'bytes'), ...check(prefix, subdomain)].map(
    (message) => `prefix part ${message}`,
  );
}

/** A qualified name, `[prefix/]name`: keys of labels and annotations, resource names. */
export function validateQualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    const hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return [`a valid label key ${qualifiedName.message} ${hint}`];
  }
  const name = parts.at(-1) ?? '';
  const messages = parts.length === 2 ? prefixMessages(parts[0] ?? '') : [];
  const size = name === '' ? ['must be non-empty'] : limited(name, LABEL_LIMIT, 'bytes');
  for (const message of [...size, ...check(name, qualifiedName)]) {
    messages.push(`name part ${message}`);
  }
  return messages;
}

/** A label's value: empty, or up to 63 letters, digits, `-`, `_`, `.`. */
export function validateLabelValue(value: string): string[] {
  return [...limited(value, LABEL_LIMIT, 'bytes'), ...check(value, labelValue)];
}

function dotPrefix(value: string): string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** The strict rule for environment variables: keys taken by `envFrom`. */
export function validateEnvVarName(value: string): string[] {
  return [...check(value, envVarName), ...dotPrefix(value)];
}

/** The rule for `env[].name`: printable ASCII without `=`. */
export function validateRelaxedEnvVarName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  return /^[\x20-\x3c\x3e-\x7e]*$/.test(value)
    ? []
    : [
        'a valid environment variable name must consist only of printable ASCII characters ' +
          "other than '='",
      ];
}

/** A key of a ConfigMap or Secret. */
export function validateConfigMapKey(value: string): string[] {
  return [
    ...limited(value, SUBDOMAIN_LIMIT, 'characters'),
    ...check(value, configMapKey),
    ...dotPrefix(value),
  ];
}

/** An IANA service name: names of ports. */
export function validatePortName(value: string): string[] {
  const messages = limited(value, PORT_NAME_LIMIT, 'characters');
  if (!/^[-a-z0-9]+$/.test(value)) {
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)');
  if (value.includes('--')) messages.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) {
    messages.push('must not begin or end with a hyphen');
  }
  return messages;
}

/** A whole number within bounds, both included. */
export function validateRange(value: number, low: number, high: number): string[] {
  return low <= value && value <= high ? [] : [`must be between ${low} and ${high}, inclusive`];
}

export function validatePortNumber(value: number): string[] {
  return validateRange(value, 1, 65535);
}

/** A user or group id. */
export function validateId(value: number): string[] {
  return validateRange(value, 0, ID_MAX);
}

/** A percentage such as `25%`. */
export function validatePercent(value: string): string[] {
  return check(value, percent);
}

export function validateHttpHeaderName(value: string): string[] {
  return check(value, headerName);
}

export function validateCIdentifier(value: string): string[] {
  return check(value, cIdentifier);
}

/** A name that can stand in a path; `prefix` for a generateName, which may be `.` or `..`. */
export function validatePathSegmentName(value: string, prefix = false): string[] {
  if (!prefix && (value === '.' || value === '..')) return [`may not be '${value}'`];
  return ['/', '%']
    .filter((part) => value.includes(part))
    .map((part) => `may not contain '${part}'`);
}
