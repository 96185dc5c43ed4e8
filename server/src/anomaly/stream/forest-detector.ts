import {
  type DetectorScope,
  type Finding,
  StateReader,
  StateWriter,
  type StreamDetector,
  type StreamDetectorFactory,
  type StreamEvent,
  stateInvalid,
} from '../../detectors/index.ts';
import type { EventFeatures } from './event-features.ts';
import { ForestGroup, type Found } from './forest-group.ts';
import type { ForestSettings } from './forest-settings.ts';
import { MetricFeatures, mostMetrics } from './metric-features.ts';
import { TransactionFeatures } from './transaction-features.ts';

const form = { kind: 2, layout: 2 };

/** Of the layout of snapshots and of what grows from the same events. */
const stateVersion = 2;
/** Sets of metrics whose names were sorted lately. */
const mostShapes = 1_000;

/** Watches transactions and samples of metrics: isolation forests, grown again as their window moves on. */
export function forestDetectorFactory(settings: ForestSettings): StreamDetectorFactory {
  const { enabled: _, level: __, ...shaping } = settings;
  return {
    name: 'forest',
    version: [stateVersion, ...Object.values(shaping)].join('/'),
    types: ['transaction', 'metric'],
    create: () => new ForestDetector(settings),
    restore: (_scope: DetectorScope, bytes: Uint8Array) => new ForestDetector(settings, new StateReader(bytes, form)),
  };
}

class ForestDetector implements StreamDetector {
  readonly #settings: ForestSettings;
  /** The one unused for longest first. */
  readonly #groups = new Map<string, ForestGroup>();
  #latest: string | undefined;
  /** Sorted names of metrics, by the names as they came. */
  readonly #shapes = new Map<string, readonly string[]>();

  constructor(settings: ForestSettings, reader?: StateReader) {
    this.#settings = settings;
    if (!reader) return;
    for (let left = reader.count(settings.max_groups); left > 0; left -= 1) {
      const key = reader.text();
      const group = new ForestGroup(this.#featuresOf(key), settings);
      group.read(reader);
      this.#groups.set(key, group);
      this.#latest = key;
    }
    reader.assertEnd();
  }

  observe(events: readonly StreamEvent[]): readonly Finding[] {
    const found: Found[] = [];
    const taken = new Set<ForestGroup>();
    for (const event of events) {
      const key = this.#keyOf(event);
      if (key === undefined) continue;
      const group = this.#groupOf(key, found);
      group.take(event, found);
      taken.add(group);
    }
    for (const group of taken) group.judge(found);
    return found.sort(byPlace).map(({ finding }) => finding);
  }

  snapshot(): Uint8Array {
    const writer = new StateWriter(form);
    writer.count(this.#groups.size);
    for (const [key, group] of this.#groups) {
      writer.text(key);
      group.write(writer);
    }
    return writer.bytes();
  }

  #keyOf(event: StreamEvent): string | undefined {
    if (event.type === 'transaction') {
      return event.amount === undefined
        ? undefined
        : JSON.stringify([event.clientId, 'transaction', event.currency ?? '']);
    }
    if (event.type !== 'metric' || event.metrics === undefined) return undefined;
    const names = this.#metricsOf(event.metrics);
    return names.length === 0 ? undefined : JSON.stringify([event.clientId, 'metric', ...names]);
  }

  #metricsOf(metrics: Readonly<Record<string, number>>): readonly string[] {
    const came = Object.keys(metrics);
    const shape = came.join('\n');
    const known = this.#shapes.get(shape);
    if (known) return known;
    if (this.#shapes.size >= mostShapes) this.#shapes.clear();
    const names = came.sort().slice(0, mostMetrics);
    this.#shapes.set(shape, names);
    return names;
  }

  #groupOf(key: string, found: Found[]): ForestGroup {
    const known = this.#groups.get(key);
    if (known && key === this.#latest) return known;
    this.#groups.delete(key);
    const group = known ?? new ForestGroup(this.#featuresOf(key), this.#settings);
    for (const [oldest, leaving] of this.#groups) {
      if (this.#groups.size < this.#settings.max_groups) break;
      leaving.judge(found);
      this.#groups.delete(oldest);
    }
    this.#groups.set(key, group);
    this.#latest = key;
    return group;
  }

  #featuresOf(key: string): EventFeatures {
    const [, type, ...names] = partsOf(key);
    const { max_profiles } = this.#settings;
    return type === 'transaction' ? new TransactionFeatures(max_profiles) : new MetricFeatures(names, max_profiles);
  }
}

function partsOf(key: string): string[] {
  try {
    return JSON.parse(key) as string[];
  } catch {
    throw stateInvalid();
  }
}

function byPlace({ place: a }: Found, { place: b }: Found): number {
  if (a.offset !== b.offset) return a.offset < b.offset ? -1 : 1;
  return a.index - b.index;
}
