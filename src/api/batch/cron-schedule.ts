// Reads cron schedules far enough to say what is wrong with them.

interface Field {
  readonly min: number;
  readonly max: number;
  /** Names of values, from `min` on. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = [
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
];

/** What is wrong with a schedule, in upstream's words; undefined for a good one. */
export function scheduleFault(schedule: string): string | undefined {
  const text = schedule.replace(/^(CRON_)?TZ=\S+\s*/, '').trim();
  if (text === '') return 'empty spec string';
  if (text.startsWith('@')) return descriptorFault(text);
  const parts = text.split(/\s+/);
  if (parts.length !== FIELDS.length) {
    const list = `[${parts.join(' ')}]`;
    return `expected exactly 5 fields, found ${parts.length}: ${list}`;
  }
  for (const [index, field] of FIELDS.entries()) {
    for (const part of (parts[index] ?? '').split(',')) {
      const fault = part === '' ? undefined : rangeFault(part, field);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function descriptorFault(text: string): string | undefined {
  if (DESCRIPTORS.includes(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const duration = text.slice('@every '.length);
  if (/^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) return undefined;
  return `failed to parse duration ${text}: time: invalid duration "${duration}"`;
}

/** `*`, `5`, `1-5`, and each with a step: `1-10/2`. */
function rangeFault(text: string, field: Field): string | undefined {
  const [range = '', step, ...more] = text.split('/');
  const [low = '', high = low, ...rest] = range.split('-');
  if (rest.length > 0) return `too many hyphens: ${text}`;
  if (more.length > 0) return `too many slashes: ${text}`;
  const every = ['*', '?'].includes(low);
  const start = every ? field.min : valueOf(low, field);
  const end =
    every || (step !== undefined && !range.includes('-')) ? field.max : valueOf(high, field);
  for (const [value, source] of [
    [start, low],
    [end, high],
    [step === undefined ? 1 : valueOf(step, { min: 0, max: 0 }), step ?? ''],
  ] as const) {
    if (Number.isNaN(value)) {
      return `failed to parse int from ${source}: strconv.Atoi: parsing "${source}": invalid syntax`;
    }
  }
  if (start < field.min)
    return `beginning of range (${start}) below minimum (${field.min}): ${text}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  return step === '0' ? `step of range should be a positive number: ${text}` : undefined;
}

function valueOf(text: string, { min, names = [] }: Field): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  return /^[0-9]+$/.test(text) ? Number(text) : NaN;
}
