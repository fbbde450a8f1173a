// Answers the discovery paths /api, /apis, /apis/<group>, /api/v1 and /apis/<group>/<version>.
// All documents derive from the table of resources and are built when first asked for.
import { createHash } from 'node:crypto';
import { resourceNotServed } from '../request-info.ts';
import { builtinResources, type ResourceDefinition } from '../../api/resources.ts';
import { MEDIA_TYPES, negotiate, notAcceptable, parseAccept } from '../negotiation.ts';
import type { AcceptClause } from '../negotiation.ts';
import { AGGREGATED_TYPE, aggregatedDocument } from './aggregated.ts';
import { servedGroups, type ServedGroup } from './group-versions.ts';
import {
  apiVersionsDocument,
  groupDocument,
  groupListDocument,
  resourceListDocument,
} from './plain.ts';

export interface DiscoveryDocument {
  readonly contentType: string;
  readonly body: Buffer;
  /** Quoted hash of the body (API-210). */
  readonly etag: string;
}

export interface Discovery {
  /** True when `group` (the empty string: core) is served. */
  hasGroup(group: string): boolean;
  /** Of the documents of groups and versions. */
  paths(): string[];
  /**
   * The document at a discovery path in the form that `accept` asks for; undefined when the path
   * belongs to no discovery document. Throws 404 for unknown versions, 406 for unknown forms.
   */
  document(
    path: string,
    request: { accept: string | undefined; host: string },
  ): DiscoveryDocument | undefined;
}

function encode(contentType: string, document: object): DiscoveryDocument {
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
  return { contentType, body, etag };
}

/**
 * True when the caller takes aggregated v2 at all, whatever it would rather have (API-203); other
 * callers take the plain document. Throws 406 for who takes neither.
 */
function wantsAggregated(accept: string | undefined): boolean {
  const isAggregated = ({ type, parameters }: AcceptClause) =>
    ['application/json', 'application/*', '*/*'].includes(type) &&
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2' &&
    parameters.get('as') === 'APIGroupDiscoveryList';
  if (parseAccept(accept).some(isAggregated)) return true;
  requirePlain(accept);
  return false;
}

/** Throws 406 for callers who don't take documents as they are. */
function requirePlain(accept: string | undefined): void {
  if (negotiate(accept).transform) throw notAcceptable(MEDIA_TYPES);
}

/** Discovery of resources that come and go; `resources` gives the same list while none does. */
export function createLiveDiscovery(resources: () => readonly ResourceDefinition[]): Discovery {
  let shown: readonly ResourceDefinition[] | undefined;
  let discovery = createDiscovery([]);
  const current = () => {
    const now = resources();
    if (now !== shown) discovery = createDiscovery(now);
    shown = now;
    return discovery;
  };
  return {
    hasGroup: (group) => current().hasGroup(group),
    paths: () => current().paths(),
    document: (path, request) => current().document(path, request),
  };
}

/** API-116: of other groups nothing is known, so that an unknown version is no path at all. */
const isBuiltin = ({ name }: ServedGroup) => builtinResources.some(({ group }) => group === name);

/** Discovery of the given resources. */
export function createDiscovery(resources: readonly ResourceDefinition[]): Discovery {
  const groups = servedGroups(resources);
  const names = new Set(groups.map(({ name }) => name));
  const core: ServedGroup = groups.find(({ name }) => name === '') ?? { name: '', versions: [] };
  const named = groups.filter(({ name }) => name !== '');
  const built = new Map<string, DiscoveryDocument>();
  const once = (key: string, make: () => object, contentType = 'application/json') => {
    const document = built.get(key) ?? encode(contentType, make());
    built.set(key, document);
    return document;
  };
  const versionDocument = (group: ServedGroup, version: string, accept: string | undefined) => {
    const served = group.versions.find((candidate) => candidate.version === version);
    if (!served && isBuiltin(group)) throw resourceNotServed();
    if (!served) return undefined;
    requirePlain(accept);
    return once(served.groupVersion, () => resourceListDocument(served));
  };
  return {
    hasGroup: (group) => names.has(group),
    paths: () =>
      groups.flatMap(({ name, versions }) => {
        const root = name === '' ? '/api' : `/apis/${name}`;
        const own = versions.map(({ version }) => `${root}/${version}`);
        return name === '' ? own : [root, ...own];
      }),
    document(path, { accept, host }) {
      const [root = '', first = '', second = '', ...rest] = path.slice(1).split('/');
      if (root === 'api' && first === '') {
        if (wantsAggregated(accept))
          return once('api', () => aggregatedDocument([core]), AGGREGATED_TYPE);
        return encode('application/json', apiVersionsDocument(core, host));
      }
      if (root === 'apis' && first === '') {
        if (wantsAggregated(accept))
          return once('apis', () => aggregatedDocument(named), AGGREGATED_TYPE);
        return once('/apis', () => groupListDocument(named));
      }
      if (root === 'api' && second === '') return versionDocument(core, first, accept);
      if (root !== 'apis' || rest.some((segment) => segment !== '')) return undefined;
      const group = named.find(({ name }) => name === first);
      if (!group) return undefined;
      if (second === '') return once(`/apis/${first}`, () => groupDocument(group));
      return versionDocument(group, second, accept);
    },
  };
}
