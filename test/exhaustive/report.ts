// `npm run exhaustive`: searches the complete list and prints a line for each configuration. With
// an argument: only configurations whose name contains it.
import { boundedConfigurations, completeConfigurations } from './configurations.ts';
import { search } from './search.ts';

const [filter = '', scope = 'complete'] = process.argv.slice(2);
const all = scope === 'bounded' ? boundedConfigurations() : completeConfigurations();
const wanted = all.filter(({ name }) => name.includes(filter));
const print = (...cells: readonly (string | number)[]) => {
  const [name = '', ...figures] = cells.map(String);
  const text = figures.map((figure) => figure.padStart(11)).join('');
  process.stdout.write(`${name.padEnd(74)}${text}\n`);
};

print('configuration', 'states', 'edges', 'stuck', 'seconds');
const total = { states: 0, edges: 0, seconds: 0, broken: 0 };
for (const configuration of wanted) {
  const startMs = performance.now();
  const { states, edges, stuck, deadEnds, violation } = search(configuration);
  const seconds = (performance.now() - startMs) / 1000;
  print(configuration.name, states, edges, stuck, seconds.toFixed(2), [...deadEnds.keys()].join());
  total.states += states;
  total.edges += edges;
  total.seconds += seconds;
  if (!violation) continue;
  total.broken++;
  process.stdout.write(`  BROKEN ${violation.rule}\n`);
  for (const step of violation.steps) process.stdout.write(`    ${step}\n`);
}
print(`${wanted.length} configurations`, total.states, total.edges, '', total.seconds.toFixed(0));
process.exitCode = total.broken > 0 ? 1 : 0;
