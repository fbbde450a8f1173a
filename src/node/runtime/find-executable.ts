// Looks for a container's program before it is started, to refuse it in the words of other
// runtimes.
import { OrdinalError } from '../../base/errors.ts';
import type { RootView } from './root-view.ts';

/** Throws OrdinalError `ORD_CONTAINER_START` unless `program` can be executed in the view. */
export function assertExecutable(
  view: RootView,
  program: string,
  { path, cwd }: { path: string; cwd: string },
): void {
  const quoted = JSON.stringify(program);
  if (!program.includes('/')) {
    const found = path.split(':').some((dir) => isExecutable(view, `${dir || cwd}/${program}`));
    if (!found) throw failure(`exec: ${quoted}: executable file not found in $PATH`);
    return;
  }
  const absolute = program.startsWith('/') ? program : `${cwd}/${program}`;
  const stat = view.stat(absolute);
  if (!stat) throw failure(`exec: ${quoted}: stat ${program}: no such file or directory`);
  if (!isExecutable(view, absolute)) throw failure(`exec: ${quoted}: permission denied`);
}

function isExecutable(view: RootView, path: string): boolean {
  const stat = view.stat(path);
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
}

function failure(message: string): OrdinalError {
  return new OrdinalError('ORD_CONTAINER_START', message);
}
