import { z } from 'zod';
import type {
  DetectorScope,
  Finding,
  StreamDetector,
  StreamDetectorFactory,
  StreamEvent,
} from '../../detectors/index.ts';
import { readSnapshot, snapshotOf } from '../snapshot-json.ts';
import { SourceTemplates, sourceTemplatesSchema } from './source-templates.ts';
import type { TemplateSettings } from './template-settings.ts';

const snapshotSchema = z.strictObject({ sources: z.array(z.tuple([z.string(), sourceTemplatesSchema])) });

/** Learns which kinds of lines each source writes, and tells of new ones and of those whose frequency changes. */
export function templateDetectorFactory(settings: TemplateSettings): StreamDetectorFactory {
  const shown = new Set(settings.show_words.map((word) => word.toLowerCase()));
  return {
    name: 'templates',
    // What was learned holds whatever the other settings are; counts are of buckets.
    version: `1-${settings.bucket_seconds}`,
    types: ['log'],
    create: () => new TemplateDetector(settings, shown, new Map()),
    restore: (_scope: DetectorScope, bytes: Uint8Array) => {
      const { sources } = readSnapshot(snapshotSchema, bytes);
      const restored = sources.map(
        ([key, state]) => [key, new SourceTemplates(settings, shown, state.startedMs, state)] as const,
      );
      return new TemplateDetector(settings, shown, new Map(restored));
    },
  };
}

class TemplateDetector implements StreamDetector {
  readonly #settings: TemplateSettings;
  readonly #shown: ReadonlySet<string>;
  /** The one unseen for longest first. */
  readonly #sources: Map<string, SourceTemplates>;

  constructor(settings: TemplateSettings, shown: ReadonlySet<string>, sources: Map<string, SourceTemplates>) {
    this.#settings = settings;
    this.#shown = shown;
    this.#sources = sources;
  }

  observe(events: readonly StreamEvent[]): readonly Finding[] {
    const findings: Finding[] = [];
    for (const event of events) {
      if (event.type !== 'log' || event.message === undefined) continue;
      const atMs = Math.min(event.atMs, event.receivedAtMs);
      findings.push(...this.#sourceOf(event, atMs).observe(event, atMs));
    }
    return findings;
  }

  snapshot(): Uint8Array {
    return snapshotOf({ sources: [...this.#sources].map(([key, source]) => [key, source.state]) });
  }

  #sourceOf(event: StreamEvent, atMs: number): SourceTemplates {
    const key = JSON.stringify([event.clientId, event.source ?? '']);
    const known = this.#sources.get(key);
    if (known !== undefined) {
      this.#sources.delete(key);
      this.#sources.set(key, known);
      return known;
    }
    for (const oldest of this.#sources.keys()) {
      if (this.#sources.size < this.#settings.max_sources) break;
      this.#sources.delete(oldest);
    }
    const source = new SourceTemplates(this.#settings, this.#shown, atMs);
    this.#sources.set(key, source);
    return source;
  }
}
