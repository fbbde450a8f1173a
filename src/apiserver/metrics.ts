// Counters of the API server in Prometheus' text form (API-220), names as in the reference.

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
}

export interface Metrics {
  /** Counts a finished request. `seconds`: from its arrival to the end of the reply. */
  observe(labels: RequestLabels, result: { code: number; seconds: number }): void;
  /** Counts a watch, log or exec as running until the result is called. */
  longRunning(): () => void;
  /** The exposition text. */
  render(): string;
}

/** Upper bounds of the latency buckets in seconds, those that matter of the reference's. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60];

interface Histogram {
  readonly counts: number[];
  sum: number;
  total: number;
}

const labelText = (labels: object) =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${String(value)}"`)
    .join(',');

function histogramLines(name: string, labels: string, { counts, sum, total }: Histogram): string[] {
  const lines: string[] = [];
  let below = 0;
  for (const [index, bound] of BUCKETS.entries()) {
    below += counts[index] ?? 0;
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${below}`);
  }
  lines.push(`${name}_bucket{${labels},le="+Inf"} ${total}`);
  lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`);
  return lines;
}

function processLines(): string[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${rss}`,
    '# TYPE nodejs_heap_used_bytes gauge',
    `nodejs_heap_used_bytes ${heapUsed}`,
  ];
}

/** What is counted of the requests with the same labels. */
interface Series {
  readonly labels: string;
  readonly codes: Map<number, number>;
  readonly latency: Histogram;
}

function newSeries(labels: RequestLabels): Series {
  const latency = { counts: BUCKETS.map(() => 0), sum: 0, total: 0 };
  return { labels: labelText(labels), codes: new Map(), latency };
}

/** Counters that start at zero; `others`: figures of other components, to be shown with them. */
export function createMetrics(others?: { render(): string }): Metrics {
  const all = new Map<string, Series>();
  let running = 0;
  return {
    observe(labels, { code, seconds }) {
      const { verb, group, version, resource, subresource } = labels;
      const key = `${verb} ${group}/${version}/${resource}/${subresource}`;
      let series = all.get(key);
      if (!series) all.set(key, (series = newSeries(labels)));
      const { codes, latency } = series;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
      if (bucket >= 0) latency.counts[bucket]! += 1;
      latency.sum += seconds;
      latency.total += 1;
    },
    longRunning() {
      running += 1;
      return () => void (running -= 1);
    },
    render() {
      const duration = 'apiserver_request_duration_seconds';
      const series = [...all.values()];
      return [
        '# HELP apiserver_request_total Requests by verb, resource and HTTP code.',
        '# TYPE apiserver_request_total counter',
        ...series.flatMap(({ labels, codes }) =>
          Array.from(
            codes,
            ([code, count]) => `apiserver_request_total{${labels},code="${code}"} ${count}`,
          ),
        ),
        `# HELP ${duration} Latency of requests that end by themselves.`,
        `# TYPE ${duration} histogram`,
        ...series.flatMap(({ labels, latency }) => histogramLines(duration, labels, latency)),
        '# TYPE apiserver_longrunning_requests gauge',
        `apiserver_longrunning_requests ${running}`,
        ...processLines(),
        others?.render() ?? '',
      ].join('\n');
    },
  };
}
