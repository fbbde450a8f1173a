// The examples work as they stand, with the built package.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { at, projectFiles } from './source-files.ts';

const examples = projectFiles().filter((path) => /^examples\/.*\.test\.mjs$/.test(path));

test.each(examples)('%s', (path) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', at(path)], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
});
