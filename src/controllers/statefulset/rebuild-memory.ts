// Spares the engine from rebuilding a set at a revision in every sync, which costs a merge and the
// defaults of a whole template.
import type { ControllerRevision, StatefulSet } from '../../api/generated/types.ts';
import { uidOf } from '../../api/meta/object.ts';
import type { RebuildTest } from './plan/revisions.ts';

/** As the reference (SS-522); some 100 bytes each. */
const ANSWERS_MAX = 10_000;

/**
 * The same test, with its positive answers remembered by set uid, set generation and
 * resourceVersion of the revision; those that were asked for longest ago are forgotten (SS-522).
 */
export function rememberPositive(test: RebuildTest): RebuildTest {
  const answers = new Set<string>(); // the last one asked for stands last
  return (set, newest, text) => {
    const key = keyOf(set, newest);
    if (answers.delete(key)) {
      answers.add(key);
      return true;
    }
    const same = test(set, newest, text);
    if (!same) return false;
    answers.add(key);
    const [oldest] = answers;
    if (answers.size > ANSWERS_MAX && oldest !== undefined) answers.delete(oldest);
    return true;
  };
}

function keyOf(set: StatefulSet, revision: ControllerRevision): string {
  return `${uidOf(set)}/${set.metadata.generation}/${revision.metadata.resourceVersion}`;
}
