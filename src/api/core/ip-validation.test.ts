import { describe, expect, test } from 'vitest';
import { fieldPath } from '../meta/field-errors.ts';
import {
  canonicalIp,
  isDualStack,
  isIpv4,
  isIpv6,
  validateCidr,
  validateEndpointIp,
  validateIp,
} from './ip-validation.ts';

const PATH = fieldPath('ip');
const texts = (causes: Iterable<{ message?: string | undefined }>) =>
  [...causes].map(({ message }) => message?.replace(/^Invalid value: "[^"]*": /, ''));

describe('addresses', () => {
  test.each([
    ['10.0.0.1', true, false],
    ['::1', false, true],
    ['2001:db8::1.2.3.4', false, true],
    ['::ffff:1.2.3.4', true, false],
    ['1.2.3', false, false],
    ['1.2.3.256', false, false],
    ['1:2:3:4:5:6:7', false, false],
    ['1::2::3', false, false],
    ['::12345', false, false],
    ['', false, false],
  ])('%s', (text, four, six) => {
    expect([isIpv4(text), isIpv6(text)]).toEqual([four, six]);
  });

  test('strictness: no leading zeros, no mapped addresses, but what is stored passes', () => {
    expect(texts(validateIp('010.0.0.1', PATH))).toEqual(['must not have leading 0s']);
    expect(texts(validateIp('::ffff:1.2.3.4', PATH))).toEqual([
      'must not be an IPv4-mapped IPv6 address',
    ]);
    expect(texts(validateIp('x', PATH))).toEqual([
      'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(texts(validateIp('x', PATH, ['x']))).toEqual([]);
  });

  test.each([
    ['0.0.0.0', 'may not be unspecified (0.0.0.0)'],
    ['127.1.2.3', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['::1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['169.254.1.1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['fe80::1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['224.0.0.9', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
    ['ff02::1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ])('%s cannot be an endpoint', (text, message) => {
    expect(texts(validateEndpointIp(text, PATH))).toEqual([message]);
  });

  test.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::', '::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ])('the shortest form of %s', (text, expected) => {
    expect(canonicalIp(text)).toBe(expected);
  });

  test('dual stack is one of each', () => {
    expect(isDualStack(['1.2.3.4', '::2'])).toBe(true);
    expect(isDualStack(['1.2.3.4', '1.2.3.5'])).toBe(false);
  });
});

describe('ranges', () => {
  test.each([
    ['10.0.0.0/8', []],
    ['2001:db8::/32', []],
    ['10.0.0.0', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['10.0.0.0/33', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['10.0.0.1/8', ['must not have bits set beyond the prefix length']],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
  ])('%s', (text, messages) => {
    expect(texts(validateCidr(text, PATH))).toEqual(messages);
  });
});
