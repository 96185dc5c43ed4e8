import { z } from 'zod';
import type {
  DetectorScope,
  Finding,
  StreamDetector,
  StreamDetectorFactory,
  StreamEvent,
} from '../../detectors/index.ts';
import { ClientMemory } from '../client-memory.ts';
import { floatsOfText, readSnapshot, snapshotOf, textOfFloats } from '../snapshot-json.ts';
import { rateOf } from './counter-rate.ts';
import { seriesFinding } from './series-finding.ts';
import { type Judgement, SeriesModel } from './series-model.ts';
import type { SeriesSettings } from './series-settings.ts';
import { seriesFields } from './series-state.ts';

const snapshotSchema = z.strictObject({ series: z.array(z.tuple([z.string(), z.string(), z.string()])) });

/** Watches every metric of every host: spikes, drops, shifts, drifts and standstills against what this series usually does. */
export function seriesDetectorFactory(settings: SeriesSettings): StreamDetectorFactory {
  return {
    name: 'series',
    // What was learned holds whatever the settings are.
    version: '2',
    types: ['metric'],
    create: () => new SeriesDetector(settings),
    restore: (_scope: DetectorScope, bytes: Uint8Array) => {
      const { series } = readSnapshot(snapshotSchema, bytes);
      const restored = series.map(
        ([client, key, state]) => [client, key, new SeriesModel(floatsOfText(state, seriesFields))] as const,
      );
      return new SeriesDetector(settings, restored);
    },
  };
}

class SeriesDetector implements StreamDetector {
  readonly #judgement: Judgement;
  readonly #ignored: ReadonlySet<string>;
  readonly #counters: ReadonlySet<string>;
  readonly #series: ClientMemory<SeriesModel>;

  constructor(settings: SeriesSettings, series: Iterable<readonly [string, string, SeriesModel]> = []) {
    this.#judgement = {
      chance: settings.chance,
      margin: settings.margin,
      learnSamples: settings.learn_samples,
      quietSamples: settings.quiet_samples,
    };
    this.#ignored = new Set(settings.ignore);
    this.#counters = new Set(settings.counters);
    this.#series = new ClientMemory(settings.max_series, series);
  }

  observe(events: readonly StreamEvent[]): readonly Finding[] {
    const findings: Finding[] = [];
    for (const event of events) {
      if (event.type !== 'metric' || event.metrics === undefined) continue;
      // A clock that runs ahead would make everything after it late.
      const atMs = Math.min(event.atMs, event.receivedAtMs);
      for (const [metric, value] of Object.entries(event.metrics)) {
        if (this.#ignored.has(metric) || !Number.isFinite(value)) continue;
        const isRate = metric.endsWith('_total') || this.#counters.has(metric);
        const model = this.#modelOf(event, metric, isRate);
        const watched = isRate ? rateOf(model.state, value, atMs) : value;
        if (watched === undefined) continue;
        const found = model.observe(watched, atMs, this.#judgement);
        if (found !== undefined) findings.push(seriesFinding(event, { metric, value: watched, isRate }, found));
      }
    }
    return findings;
  }

  snapshot(): Uint8Array {
    return snapshotOf({
      series: [...this.#series.entries()].map(([client, key, { state }]) => [client, key, textOfFloats(state)]),
    });
  }

  #modelOf(event: StreamEvent, metric: string, isRate: boolean): SeriesModel {
    const key = JSON.stringify([event.host ?? '', event.source ?? '', metric, ...(isRate ? ['rate'] : [])]);
    const known = this.#series.get(event.clientId, key);
    if (known !== undefined) return known;
    const model = new SeriesModel();
    this.#series.add(event.clientId, key, model);
    return model;
  }
}
