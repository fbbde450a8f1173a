import { describe, expect, it } from 'vitest';
import {
  validateCIdentifier,
  validateConfigMapKey,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateDns1123SubdomainWithUnderscore,
  validateEnvVarName,
  validateHttpHeaderName,
  validateId,
  validateLabelValue,
  validatePathSegmentName,
  validatePercent,
  validatePortName,
  validatePortNumber,
  validateQualifiedName,
  validateRelaxedEnvVarName,
  validateWildcardDns1123Subdomain,
} from './names.ts';

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('DNS names', () => {
  it('API-410: subdomains', () => {
    expect(validateDns1123Subdomain('web-0.example')).toEqual([]);
    for (const name of ['ABC', 'a/b', 'a%b', '-a', 'a-', 'a..b', '', 'a\n']) {
      expect(validateDns1123Subdomain(name), name).toEqual([SUBDOMAIN]);
    }
    expect(validateDns1123Subdomain('a'.repeat(253))).toEqual([]);
    expect(validateDns1123Subdomain('a'.repeat(254))).toEqual([
      'must be no more than 253 characters',
    ]);
    expect(validateDns1123SubdomainWithUnderscore('_tcp.example')).toEqual([]);
    expect(validateWildcardDns1123Subdomain('*.example.com')).toEqual([]);
    expect(validateWildcardDns1123Subdomain('a.*')).toHaveLength(1);
  });

  it('API-410: labels', () => {
    expect(validateDns1123Label('123-abc')).toEqual([]);
    expect(validateDns1123Label('C_1')).toEqual([LABEL]);
    expect(validateDns1123Label('a.b')).toEqual(['must not contain dots']);
    expect(validateDns1123Label('a'.repeat(64))).toEqual(['must be no more than 63 characters']);
    expect(validateDns1035Label('web')).toEqual([]);
    expect(validateDns1035Label('1web')).toEqual([
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ]);
  });
});

describe('label keys and values', () => {
  it('API-410: qualified names', () => {
    for (const name of ['a', 'A.b_c-d', 'example.com/x', 'x'.repeat(63)]) {
      expect(validateQualifiedName(name), name).toEqual([]);
    }
    expect(validateQualifiedName('a b')).toEqual([QUALIFIED]);
    expect(validateQualifiedName('')).toEqual(['name part must be non-empty', QUALIFIED]);
    expect(validateQualifiedName('k'.repeat(64))).toEqual([
      'name part must be no more than 63 bytes',
    ]);
    expect(validateQualifiedName('/x')).toEqual(['prefix part must be non-empty']);
    expect(validateQualifiedName('Ex.com/x')).toEqual([`prefix part ${SUBDOMAIN}`]);
    expect(validateQualifiedName('a/b/c')[0]).toMatch(
      /^a valid label key must consist .* with an optional DNS subdomain prefix and '\/' \(e\.g\. 'example\.com\/MyName'\)$/,
    );
  });

  it('API-410: label values', () => {
    expect(validateLabelValue('')).toEqual([]);
    expect(validateLabelValue('v'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(validateLabelValue('not ok')[0]).toMatch(/^a valid label must be an empty string or/);
  });
});

describe('smaller names', () => {
  it('API-314: environment variables', () => {
    expect(validateRelaxedEnvVarName('9 a')).toEqual([]);
    expect(validateRelaxedEnvVarName('a=b')).toEqual([
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    ]);
    expect(validateRelaxedEnvVarName('')).toEqual(['environment variable name must be non-empty']);
    expect(validateRelaxedEnvVarName('é')).toHaveLength(1);
    expect(validateEnvVarName('9a')).toHaveLength(1);
    expect(validateEnvVarName('..')).toEqual(["must not be '..'"]);
  });

  it('API-314: port names and numbers', () => {
    expect(validatePortName('http-1')).toEqual([]);
    expect(validatePortName('averyverylongname')).toEqual(['must be no more than 15 characters']);
    expect(validatePortName('-A--')).toEqual([
      'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'must contain at least one letter (a-z)',
      'must not contain consecutive hyphens',
      'must not begin or end with a hyphen',
    ]);
    expect(validatePortNumber(0)).toEqual(['must be between 1 and 65535, inclusive']);
    expect(validateId(-1)).toEqual(['must be between 0 and 2147483647, inclusive']);
  });

  it('API-314: config keys, percentages, headers, identifiers, path segments', () => {
    expect(validateConfigMapKey('a.b_C-1')).toEqual([]);
    expect(validateConfigMapKey('..x')).toEqual(["must not start with '..'"]);
    expect(validateConfigMapKey('a/b')).toHaveLength(1);
    expect(validatePercent('10%')).toEqual([]);
    expect(validatePercent('half')).toEqual([
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ]);
    expect(validateHttpHeaderName('X-A')).toEqual([]);
    expect(validateCIdentifier('1a')).toHaveLength(1);
    expect(validatePathSegmentName('..')).toEqual(["may not be '..'"]);
    expect(validatePathSegmentName('..', true)).toEqual([]);
    expect(validatePathSegmentName('a/%')).toEqual(["may not contain '/'", "may not contain '%'"]);
  });
});
