import { z } from 'zod';
import type {
  DetectorScope,
  Finding,
  StreamDetector,
  StreamDetectorFactory,
  StreamEvent,
} from '../../detectors/index.ts';
import { ClientMemory } from '../client-memory.ts';
import { readSnapshot, snapshotOf } from '../snapshot-json.ts';
import { SourceTemplates, sourceTemplatesSchema } from './source-templates.ts';
import type { TemplateSettings } from './template-settings.ts';

const snapshotSchema = z.strictObject({ sources: z.array(z.tuple([z.string(), z.string(), sourceTemplatesSchema])) });

/** Learns which kinds of lines each source writes, and tells of new ones and of those whose frequency changes. */
export function templateDetectorFactory(settings: TemplateSettings): StreamDetectorFactory {
  const shown = new Set(settings.show_words.map((word) => word.toLowerCase()));
  return {
    name: 'templates',
    // What was learned holds whatever the other settings are; counts are of buckets.
    version: `2-${settings.bucket_seconds}`,
    types: ['log'],
    create: () => new TemplateDetector(settings, shown),
    restore: (_scope: DetectorScope, bytes: Uint8Array) => {
      const { sources } = readSnapshot(snapshotSchema, bytes);
      const restored = sources.map(
        ([client, source, state]) =>
          [client, source, new SourceTemplates(settings, shown, state.startedMs, state)] as const,
      );
      return new TemplateDetector(settings, shown, restored);
    },
  };
}

class TemplateDetector implements StreamDetector {
  readonly #settings: TemplateSettings;
  readonly #shown: ReadonlySet<string>;
  readonly #sources: ClientMemory<SourceTemplates>;

  constructor(
    settings: TemplateSettings,
    shown: ReadonlySet<string>,
    sources: Iterable<readonly [string, string, SourceTemplates]> = [],
  ) {
    this.#settings = settings;
    this.#shown = shown;
    this.#sources = new ClientMemory(settings.max_sources, sources);
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
    return snapshotOf({
      sources: [...this.#sources.entries()].map(([client, key, source]) => [client, key, source.state]),
    });
  }

  #sourceOf(event: StreamEvent, atMs: number): SourceTemplates {
    const key = event.source ?? '';
    const known = this.#sources.get(event.clientId, key);
    if (known !== undefined) return known;
    const source = new SourceTemplates(this.#settings, this.#shown, atMs);
    this.#sources.add(event.clientId, key, source);
    return source;
  }
}
