// Makes sure that the update revision exists in the API (SS-517 … SS-526).
import type { ControllerRevision, StatefulSet } from '../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';
import { isAlreadyExists } from '../../api/meta/status-error.ts';
import { controllerRevisions } from '../../api/resources.ts';
import type { Client } from '../../client/client.ts';
import {
  dataText,
  type decideUpdateRevision,
  revisionHash,
  revisionName,
} from './plan/revisions.ts';

export interface UpdateRevision {
  readonly revision: ControllerRevision;
  readonly collisionCount: number;
  /** The list with what was created or raised in this sync. */
  readonly sorted: readonly ControllerRevision[];
}

/** `decide`: what is to be done, as by decideUpdateRevision. */
export async function ensureUpdateRevision(
  set: StatefulSet,
  sorted: readonly ControllerRevision[],
  { client, decide }: { client: Client; decide: typeof decideUpdateRevision },
): Promise<UpdateRevision> {
  const collisionCount = set.status?.collisionCount ?? 0;
  const decision = decide(set, sorted, collisionCount);
  switch (decision.type) {
    case 'use':
      return { revision: decision.revision, collisionCount, sorted };
    case 'raise': {
      const revision = await raise(client, decision.revision, decision.to);
      const others = sorted.filter((other) => nameOf(other) !== nameOf(revision));
      return { revision, collisionCount, sorted: [...others, revision] };
    }
    case 'create': {
      const created = await create(client, set, { candidate: decision.candidate, collisionCount });
      return { ...created, sorted: [...sorted, created.revision] };
    }
  }
}

/** SS-521. */
function raise(
  client: Client,
  revision: ControllerRevision,
  to: number,
): Promise<ControllerRevision> {
  const name = { namespace: namespaceOf(revision), name: nameOf(revision) };
  const body = { revision: to };
  return client.resource(controllerRevisions).patch(name, { type: 'merge', body });
}

/** SS-525, SS-526: a name that is taken is used if its data is equal, else the hash is varied. */
async function create(
  client: Client,
  set: StatefulSet,
  { candidate, collisionCount }: { candidate: ControllerRevision; collisionCount: number },
): Promise<{ revision: ControllerRevision; collisionCount: number }> {
  const text = dataText(candidate.data);
  const api = client.resource(controllerRevisions);
  for (let count = collisionCount; ; count++) {
    const name = revisionName(set, revisionHash(text, count));
    const metadata = { ...candidate.metadata, name };
    try {
      return { revision: await api.create({ ...candidate, metadata }), collisionCount: count };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await api.get({ namespace: namespaceOf(set), name });
      if (dataText(existing.data) === text) return { revision: existing, collisionCount: count };
    }
  }
}
