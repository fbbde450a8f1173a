// Figures that components publish beside those of the API server, in Prometheus' text form.

export interface Metric {
  /** The full name, as in the reference where it has one. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

/** In the order in which they are shown. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where a component puts its figures. */
export interface MetricSink {
  /** Counts up by one. */
  count(metric: Metric, labels: MetricLabels): void;
  set(metric: Metric, labels: MetricLabels, value: number): void;
  /** Ends a series, when what it tells of is gone. */
  remove(metric: Metric, labels: MetricLabels): void;
}

/** Keeps all series in memory; whoever makes a series removes it, so that they do not pile up. */
export class MetricRegistry implements MetricSink {
  readonly #families = new Map<string, { metric: Metric; series: Map<string, number> }>();

  count(metric: Metric, labels: MetricLabels): void {
    const { series } = this.#family(metric);
    const key = labelText(labels);
    series.set(key, (series.get(key) ?? 0) + 1);
  }

  set(metric: Metric, labels: MetricLabels, value: number): void {
    this.#family(metric).series.set(labelText(labels), value);
  }

  remove(metric: Metric, labels: MetricLabels): void {
    this.#family(metric).series.delete(labelText(labels));
  }

  /** The exposition text, a line end after each line. */
  render(): string {
    const lines = [...this.#families.values()].flatMap(({ metric, series }) => [
      `# HELP ${metric.name} ${metric.help}`,
      `# TYPE ${metric.name} ${metric.type}`,
      ...[...series].map(([labels, value]) => `${metric.name}{${labels}} ${value}`),
    ]);
    return lines.map((line) => `${line}\n`).join('');
  }

  #family(metric: Metric) {
    let family = this.#families.get(metric.name);
    if (!family) this.#families.set(metric.name, (family = { metric, series: new Map() }));
    return family;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(labels: MetricLabels): string {
  const escaped = (value: string) => value.replace(/[\\"\n]/g, (found) => ESCAPES[found] ?? found);
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}
