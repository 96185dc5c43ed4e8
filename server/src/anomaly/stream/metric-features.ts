import { nameHash, type StateReader, type StateWriter, type StreamEvent } from '../../detectors/index.ts';
import type { EventFeature, EventFeatures } from './event-features.ts';
import { RecencyTable } from './recency-table.ts';

/** Metrics of a sample that are looked at, by name. */
export const mostMetrics = 16;

/** How fast a host's mean and spread follow once they are known. */
const steadyWeight = 0.02;
/** Samples before a host's mean and spread say anything. */
const knownAfter = 10;
/** Spreads below this share of the mean are taken for it: a metric that hardly moves isn't odd as soon as it does. */
const leastSpread = 0.01;
const furthest = 100;

/** Samples of one set of metrics: each value as it is, and by how much it is off what is usual of its host. */
export class MetricFeatures implements EventFeatures {
  readonly features: readonly EventFeature[];
  readonly #names: readonly string[];
  /** Of a host: samples, then mean and mean square deviation of each metric. */
  readonly #hosts: RecencyTable;

  constructor(names: readonly string[], mostHosts: number) {
    this.#names = names;
    this.features = names.flatMap((name) => [{ name }, { name: `${name}_to_usual_of_host` }]);
    this.#hosts = new RecencyTable(1 + 2 * names.length, mostHosts);
  }

  take(event: StreamEvent, into: Float32Array, from: number): void {
    const at = this.#hosts.at(1 + nameHash(event.host ?? event.source ?? ''));
    const { numbers } = this.#hosts;
    const known = numbers[at] as number;
    const weight = Math.max(steadyWeight, 1 / (known + 1));
    numbers[at] = known + 1;
    for (const [metric, name] of this.#names.entries()) {
      const value = event.metrics?.[name] ?? Number.NaN;
      const ofMetric = at + 1 + 2 * metric;
      const mean = numbers[ofMetric] as number;
      const variance = numbers[ofMetric + 1] as number;
      const off = value - mean;
      const spread = Math.max(Math.sqrt(variance), leastSpread * Math.abs(mean), 1e-9);
      into[from + 2 * metric] = value;
      into[from + 2 * metric + 1] =
        known < knownAfter ? Number.NaN : Math.min(furthest, Math.max(-furthest, off / spread));
      if (Number.isNaN(value)) continue;
      numbers[ofMetric] = mean + weight * off;
      numbers[ofMetric + 1] = (1 - weight) * (variance + weight * off * off);
    }
  }

  write(writer: StateWriter): void {
    this.#hosts.write(writer);
  }

  read(reader: StateReader): void {
    this.#hosts.read(reader);
  }
}
