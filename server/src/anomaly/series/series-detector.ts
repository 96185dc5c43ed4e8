import { z } from 'zod';
import type {
  DetectorScope,
  Finding,
  StreamDetector,
  StreamDetectorFactory,
  StreamEvent,
} from '../../detectors/index.ts';
import { ClientMemory } from '../client-memory.ts';
import { numbersOfText, readSnapshot, snapshotOf, textOfNumbers } from '../snapshot-json.ts';
import { seriesFinding } from './series-finding.ts';
import { type Judgement, SeriesModel, seriesFields } from './series-model.ts';
import type { SeriesSettings } from './series-settings.ts';

const snapshotSchema = z.strictObject({ series: z.array(z.tuple([z.string(), z.string(), z.string()])) });

/** Watches every metric of every host: spikes, drops and shifts against what this series usually does. */
export function seriesDetectorFactory(settings: SeriesSettings): StreamDetectorFactory {
  return {
    name: 'series',
    // What was learned holds whatever the settings are.
    version: '1',
    types: ['metric'],
    create: () => new SeriesDetector(settings),
    restore: (_scope: DetectorScope, bytes: Uint8Array) => {
      const { series } = readSnapshot(snapshotSchema, bytes);
      const restored = series.map(
        ([client, key, state]) => [client, key, new SeriesModel(numbersOfText(state, seriesFields))] as const,
      );
      return new SeriesDetector(settings, restored);
    },
  };
}

class SeriesDetector implements StreamDetector {
  readonly #judgement: Judgement;
  readonly #ignored: ReadonlySet<string>;
  readonly #series: ClientMemory<SeriesModel>;

  constructor(settings: SeriesSettings, series: Iterable<readonly [string, string, SeriesModel]> = []) {
    this.#judgement = {
      chance: settings.chance,
      margin: settings.margin,
      learnSamples: settings.learn_samples,
      quietSamples: settings.quiet_samples,
    };
    this.#ignored = new Set(settings.ignore);
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
        const found = this.#modelOf(event, metric).observe(value, atMs, this.#judgement);
        if (found !== undefined) findings.push(seriesFinding(event, metric, value, found));
      }
    }
    return findings;
  }

  snapshot(): Uint8Array {
    return snapshotOf({
      series: [...this.#series.entries()].map(([client, key, { state }]) => [client, key, textOfNumbers(state)]),
    });
  }

  #modelOf(event: StreamEvent, metric: string): SeriesModel {
    const key = JSON.stringify([event.host ?? '', event.source ?? '', metric]);
    const known = this.#series.get(event.clientId, key);
    if (known !== undefined) return known;
    const model = new SeriesModel();
    this.#series.add(event.clientId, key, model);
    return model;
  }
}
