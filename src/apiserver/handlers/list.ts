// GET of a collection (API-501 … API-504, API-515 … API-518).
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import { RevisionCompactedError, RevisionFutureError } from '../../storage/store.ts';
import type { ListResult, Store, StoredEntry } from '../../storage/store.ts';
import type { ListResponse } from '../api-request.ts';
import { viewOf } from '../registry/stored-view.ts';
import { decodeContinue, encodeContinue, expiredContinue } from './continue-token.ts';
import type { ContinuePoint } from './continue-token.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import {
  invalidVersion,
  parseListOptions,
  parseResourceVersion,
  tooLargeResourceVersion,
} from './list-options.ts';
import type { ListOptions } from './list-options.ts';
import { parseSelection } from './selection.ts';
import type { Selection } from './selection.ts';

/** Entries looked at in one go when a selector thins them out. */
const CHUNK = 500;

export function handleList({ store }: HandlerContext, target: ResourceRequest): ListResponse {
  const asked = parseListOptions(target.request.query, 'list');
  const options = isUnlimited(asked, target) ? { ...asked, limit: 0 } : asked;
  const page = listPage(store, options, parseSelection(target, options));
  const last = page.entries.at(-1);
  const more = page.more && last !== undefined;
  const after = more ? last.key.slice(page.prefix.length) : '';
  return {
    kind: 'list',
    resource: target.resource,
    metadata: {
      resourceVersion: String(page.revision),
      ...(more ? { continue: encodeContinue({ revision: page.revision, after }) } : {}),
      ...(more && page.remaining !== undefined ? { remainingItemCount: page.remaining } : {}),
    },
    items: page.entries.map((entry) => viewOf(entry)),
  };
}

/** "Any version will do" is answered in one piece, except for events, which upstream caches not. */
function isUnlimited(options: ListOptions, { resource }: ResourceRequest): boolean {
  return options.resourceVersion === '0' && resource.resource !== 'events';
}

interface Page {
  readonly prefix: string;
  readonly entries: StoredEntry[];
  readonly revision: number;
  readonly more: boolean;
  /** Entries after the page, when they need no selection to be counted. */
  readonly remaining: number | undefined;
}

function listPage(store: Store, options: ListOptions, selection: Selection): Page {
  const start = options.continue === '' ? undefined : decodeContinue(options.continue);
  if (start && !['', '0'].includes(options.resourceVersion)) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const revision = start ? start.revision : listRevision(store, options, selection);
  try {
    return selection.all
      ? plainPage(store, options, { ...selection, revision, start })
      : selectedPage(store, options, { ...selection, revision, start });
  } catch (error) {
    throw start ? translated(error, start) : translated(error);
  }
}

/** The revision to show: undefined for the newest, which "not older than" is satisfied by. */
function listRevision(
  store: Store,
  options: ListOptions,
  { single }: Selection,
): number | undefined {
  const { resourceVersion: text, resourceVersionMatch: match } = options;
  const asked = parseResourceVersion(text);
  if (asked === undefined) {
    throw badRequest(`invalid resource version: ${invalidVersion(text)}`);
  }
  if (asked > store.revision) throw tooLargeResourceVersion(asked, store.revision);
  const isPage = match === '' && options.limit > 0 && !single;
  const isExact = match === 'Exact' || (isPage && asked > 0);
  return isExact ? asked : undefined;
}

type Source = Selection & {
  readonly revision: number | undefined;
  readonly start: ContinuePoint | undefined;
};

function readChunk(
  store: Store,
  source: Source,
  { after, limit }: { after: string | undefined; limit: number },
): ListResult {
  return store.list(source.prefix, {
    ...(source.revision === undefined ? {} : { revision: source.revision }),
    ...(after === undefined ? {} : { after }),
    ...(limit === 0 ? {} : { limit }),
  });
}

function startKey({ prefix, start }: Source): string | undefined {
  return start && prefix + start.after;
}

function plainPage(store: Store, { limit }: ListOptions, source: Source): Page {
  const { entries, revision, remaining } = readChunk(store, source, {
    after: startKey(source),
    limit,
  });
  return { prefix: source.prefix, entries, revision, more: remaining > 0, remaining };
}

function selectedPage(store: Store, { limit }: ListOptions, source: Source): Page {
  const found: StoredEntry[] = [];
  let after = startKey(source);
  for (;;) {
    const chunk = readChunk(store, source, { after, limit: limit === 0 ? 0 : CHUNK });
    const { revision } = chunk;
    for (const entry of chunk.entries) {
      // A full page goes on where it ended, whether or not something is found there (API-515).
      if (limit > 0 && found.length === limit) return page(true, revision);
      if (source.selects(viewOf(entry).object)) found.push(entry);
    }
    after = chunk.entries.at(-1)?.key;
    if (chunk.remaining === 0 || after === undefined) return page(false, revision);
  }
  function page(more: boolean, revision: number): Page {
    return { prefix: source.prefix, entries: found, revision, more, remaining: undefined };
  }
}

function translated(error: unknown, start?: ContinuePoint): unknown {
  if (error instanceof RevisionCompactedError) {
    return start
      ? expiredContinue(start.after)
      : statusError('Expired', 'The resourceVersion for the provided list is too old.');
  }
  if (error instanceof RevisionFutureError) {
    return start
      ? expiredContinue(start.after)
      : tooLargeResourceVersion(error.currentRevision + 1, error.currentRevision);
  }
  return error;
}
