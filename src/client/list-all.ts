// Lists a whole collection, page by page.
import type { KubernetesObject } from '../api/meta/object.ts';
import { isExpired } from '../api/meta/status-error.ts';
import type { ListSelection, ReadOptions, ResourceClient } from './client.ts';

/** client-go's page size: keeps single replies of big collections small (API-512). */
const PAGE_SIZE = 500;

/**
 * All objects of the selection and the resourceVersion they show. If the pages expire half way
 * (410, API-515), lists once more in one piece, as client-go's pager does.
 */
export async function listAll<T extends KubernetesObject>(
  resources: ResourceClient<T>,
  selection: ListSelection,
  options: ReadOptions = {},
): Promise<{ items: T[]; resourceVersion: string }> {
  const { resourceVersion, ...rest } = selection;
  const start = resourceVersion === '' || resourceVersion === undefined ? {} : { resourceVersion };
  const first = await resources.list({ ...rest, ...start, limit: PAGE_SIZE }, options);
  const items = [...first.items];
  let page = first;
  while (page.metadata.continue) {
    const next = { ...rest, limit: PAGE_SIZE, continue: page.metadata.continue };
    try {
      page = await resources.list(next, options);
    } catch (error) {
      if (!isExpired(error)) throw error;
      const whole = await resources.list(rest, options);
      return { items: whole.items, resourceVersion: whole.metadata.resourceVersion ?? '' };
    }
    items.push(...page.items);
  }
  return { items, resourceVersion: first.metadata.resourceVersion ?? '' };
}
