// One process of `npm run sim` (scripts/sim.mjs): runs seeds, and shrinks the ones that fail.
export { run } from './run.ts';
export { scenarioOf, stepText } from './scenario.ts';
export { shrink } from './shrink.ts';
export { only, without } from './schedule-filter.ts';
export { faults } from './faults.ts';
export { workloads } from './workloads.ts';
