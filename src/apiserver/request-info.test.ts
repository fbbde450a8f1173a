import { describe, expect, it } from 'vitest';
import { isResourcePath, isTrue, parseRequestInfo } from './request-info.ts';

function parse(method: string, target: string) {
  const url = new URL(target, 'https://localhost');
  return parseRequestInfo({ method, path: url.pathname, query: url.searchParams });
}

describe('parseRequestInfo()', () => {
  it.each([
    ['GET', '/api/v1/pods', 'list', ['', 'v1', 'pods', '', '', '']],
    ['GET', '/api/v1/namespaces', 'list', ['', 'v1', 'namespaces', '', '', '']],
    ['GET', '/api/v1/namespaces/a', 'get', ['', 'v1', 'namespaces', '', 'a', '']],
    [
      'PUT',
      '/api/v1/namespaces/a/finalize',
      'update',
      ['', 'v1', 'namespaces', '', 'a', 'finalize'],
    ],
    ['GET', '/api/v1/namespaces/a/pods', 'list', ['', 'v1', 'pods', 'a', '', '']],
    ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection', ['', 'v1', 'pods', 'a', '', '']],
    ['GET', '/api/v1/namespaces/a/pods/p/log', 'get', ['', 'v1', 'pods', 'a', 'p', 'log']],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/a/statefulsets/w/',
      'patch',
      ['apps', 'v1', 'statefulsets', 'a', 'w', ''],
    ],
    [
      'GET',
      '/api/v1/namespaces/a/configmaps/a%2Eb',
      'get',
      ['', 'v1', 'configmaps', 'a', 'a.b', ''],
    ],
    ['GET', '/api/v1/pods?watch=1', 'watch', ['', 'v1', 'pods', '', '', '']],
    ['GET', '/api/v1/pods?watch=false', 'list', ['', 'v1', 'pods', '', '', '']],
  ])(
    'reads %s %s as %s',
    (method, target, verb, [group, version, resource, namespace, name, sub]) => {
      expect(parse(method, target)).toEqual({
        verb,
        group,
        version,
        resource,
        namespace,
        name,
        subresource: sub,
      });
    },
  );

  it('API-520: GET of a name with watch=true is a plain get', () => {
    expect(parse('GET', '/api/v1/nodes/n?watch=true')?.verb).toBe('get');
  });

  it('API-521: the old watch path watches', () => {
    const info = parse('GET', '/api/v1/watch/namespaces/a/configmaps');
    expect(info).toMatchObject({ verb: 'watch', namespace: 'a', resource: 'configmaps' });
  });

  it('API-302: other methods are refused', () => {
    expect(() => parse('OPTIONS', '/api/v1/pods')).toThrow('does not allow this method');
  });

  it('API-319: a broken escape is a bad request', () => {
    expect(() => parse('GET', '/api/v1/namespaces/%zz')).toThrow('invalid URL escape');
  });
});

describe('isResourcePath()', () => {
  it('leaves discovery and other paths to the edge', () => {
    for (const path of [
      '/',
      '/api',
      '/api/v1',
      '/apis',
      '/apis/apps',
      '/apis/apps/v1',
      '/version',
    ]) {
      expect(isResourcePath(path)).toBe(false);
    }
    expect(isResourcePath('/apis/apps/v1/statefulsets')).toBe(true);
  });
});

describe('isTrue()', () => {
  it('API-501: takes everything but false and 0 for true', () => {
    expect(['1', 'true', 'T', '', 'yes'].map(isTrue)).toEqual([true, true, true, true, true]);
    expect(['0', 'false', 'FALSE', null].map(isTrue)).toEqual([false, false, false, false]);
  });
});
