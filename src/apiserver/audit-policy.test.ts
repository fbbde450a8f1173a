import { describe, expect, it } from 'vitest';
import { readAuditPolicy } from './audit-policy.ts';
import type { Attributes } from './authorization/attributes.ts';

const policyOf = (rules: readonly object[], rest: object = {}) =>
  readAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...rest });
const user = { name: 'jane', uid: '', groups: ['team'] };
const on = (resource: string, rest: object = {}): Attributes => ({
  verb: 'get',
  group: '',
  resource,
  subresource: '',
  namespace: 'shop',
  name: 'x',
  ...rest,
});
const metrics = { verb: 'get', path: '/metrics' };

/** The level of a rule that fits, or None. */
function levelBy(rule: object, attributes: Attributes): string {
  return policyOf([{ level: 'Request', ...rule }])(user, attributes).level;
}

describe('an audit policy', () => {
  it.each([
    [{}, on('pods'), true],
    [{ users: ['jane'] }, on('pods'), true],
    [{ users: ['joe'] }, on('pods'), false],
    [{ userGroups: ['other', 'team'] }, on('pods'), true],
    [{ userGroups: ['other'] }, on('pods'), false],
    [{ verbs: ['list'] }, on('pods'), false],
    [{ namespaces: ['shop'] }, on('pods'), true],
    [{ namespaces: [''] }, on('pods'), false],
    [{ namespaces: [''] }, on('nodes', { namespace: '' }), true],
    [{ resources: [{ group: '' }] }, on('pods'), true],
    [{ resources: [{ group: 'apps' }] }, on('pods'), false],
    [{ resources: [{ group: '', resources: ['pods'] }] }, on('pods'), true],
    [{ resources: [{ resources: ['pods'] }] }, on('pods', { subresource: 'log' }), false],
    [{ resources: [{ resources: ['pods/log'] }] }, on('pods', { subresource: 'log' }), true],
    [{ resources: [{ resources: ['pods/*'] }] }, on('pods', { subresource: 'log' }), true],
    [{ resources: [{ resources: ['*/log'] }] }, on('pods', { subresource: 'log' }), true],
    [{ resources: [{ resources: ['*'] }] }, on('pods', { subresource: 'log' }), true],
    [{ resources: [{ resources: ['pods'], resourceNames: ['y'] }] }, on('pods'), false],
    [{ resources: [{ resources: ['pods'] }] }, metrics, false],
    [{ nonResourceURLs: ['/met*'] }, metrics, true],
    [{ nonResourceURLs: ['/healthz'] }, metrics, false],
    [{ nonResourceURLs: ['*'] }, on('pods'), false],
  ])('API-117: rule %j fits %j: %s', (rule, attributes, fits) => {
    expect(levelBy(rule, attributes as Attributes)).toBe(fits ? 'Request' : 'None');
  });

  it('API-117: the first rule decides; stages and fields left out add up', () => {
    const rules = [
      { level: 'None', users: ['joe'] },
      { level: 'Metadata', omitStages: ['RequestReceived'], omitManagedFields: false },
      { level: 'RequestResponse' },
    ];
    const policy = policyOf(rules, { omitStages: ['ResponseStarted'], omitManagedFields: true });
    expect(policy({ ...user, name: 'joe' }, on('pods')).level).toBe('None');
    expect(policy(user, on('pods'))).toEqual({
      level: 'Metadata',
      omitStages: new Set(['ResponseStarted', 'RequestReceived']),
      omitManagedFields: false,
    });
  });

  it.each([
    [null, 'the file is not an object'],
    [{ kind: 'Policy' }, 'it is not a Policy of audit.k8s.io/v1'],
    [{ rules: [] }, 'it has no rules'],
    [{ rules: [{ level: 'All' }] }, 'rules[0].level is "All", not one of None, Metadata'],
    [{ rules: [{ level: 'None', users: [1] }] }, 'rules[0].users is not a list of texts'],
    [{ rules: [{ level: 'None', omitStages: ['x'] }] }, 'rules[0].omitStages has "x"'],
    [
      { rules: [{ level: 'None', nonResourceURLs: ['/x'], namespaces: ['n'] }] },
      'rules[0] cannot be about resources and other paths at once',
    ],
  ])('API-117: %j is refused', (value, why) => {
    const isRules = value !== null && 'rules' in value;
    const named = isRules ? { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' } : {};
    expect(() => readAuditPolicy(value && { ...named, ...value })).toThrow(why);
  });
});
