import { z } from 'zod';
import type { Finding, StreamEvent } from '../../detectors/index.ts';
import { maskLine } from './mask-line.ts';
import { newTemplateFinding, rateFinding } from './template-finding.ts';
import { type LogTemplate, type Mined, TemplateMiner } from './template-miner.ts';
import {
  type BucketTest,
  closeBucket,
  countLine,
  expectationOf,
  isTooFew,
  joinRates,
  newRate,
  quietBuckets,
  skipBucket,
  type TemplateRate,
  templateRateSchema,
} from './template-rate.ts';
import { type DayPlace, dayPlaceOf } from './template-season.ts';
import type { TemplateSettings } from './template-settings.ts';

const hourMs = 3_600_000;
/** A bucket is counted for so much longer than it lasts, for lines that come late. */
const latenessMs = 10_000;
/** Kinds of lines that are told of when several come less often at once. */
const dropsTold = 3;
/** Levels at which lines that stay away are bad news. */
const ordinaryLevels = new Set(['TRACE', 'DEBUG', 'INFO']);

const templateSchema = z.strictObject({
  id: z.int(),
  tokens: z.array(z.string()).min(1),
  lines: z.int(),
  lastLine: z.int(),
});

/** All that {@link SourceTemplates} are. */
export const sourceTemplatesSchema = z.strictObject({
  miner: z.strictObject({ nextId: z.int(), line: z.int(), leaves: z.array(z.array(templateSchema).min(1)) }),
  rates: z.array(z.tuple([z.int(), templateRateSchema])),
  startedMs: z.number(),
  latestMs: z.number(),
  lines: z.int(),
  /** Number of the open bucket since 1970. */
  bucket: z.int(),
  /** Lines in the open bucket and in the next. */
  open: z.int(),
  next: z.int(),
  /** New templates of the hour: which hour, how many were told, how many only counted. */
  hour: z.int(),
  told: z.int(),
  untold: z.int(),
});
type SourceTemplatesState = z.infer<typeof sourceTemplatesSchema>;

/** The kinds of lines of one source of a client: which there are, and how often each comes. */
export class SourceTemplates {
  readonly #settings: TemplateSettings;
  readonly #shown: ReadonlySet<string>;
  readonly #miner: TemplateMiner;
  readonly #rates: Map<number, TemplateRate>;
  readonly #bucketMs: number;
  #is: Omit<SourceTemplatesState, 'miner' | 'rates'>;

  /** @param shown words besides the built-in ones that findings may show */
  constructor(settings: TemplateSettings, shown: ReadonlySet<string>, startedMs: number, state?: SourceTemplatesState) {
    this.#settings = settings;
    this.#shown = shown;
    this.#bucketMs = settings.bucket_seconds * 1_000;
    const limits = { templates: settings.max_templates, variants: settings.variants };
    this.#miner = new TemplateMiner(limits, state?.miner);
    this.#rates = new Map(state?.rates);
    const bucket = Math.floor(startedMs / this.#bucketMs);
    const nothing = { lines: 0, open: 0, next: 0, hour: 0, told: 0, untold: 0 };
    if (state === undefined) this.#is = { startedMs, latestMs: startedMs, bucket, ...nothing };
    else {
      const { miner: _miner, rates: _rates, ...is } = state;
      this.#is = is;
    }
  }

  get state(): SourceTemplatesState {
    const { startedMs, latestMs, lines, bucket, open, next, hour, told, untold } = this.#is;
    return {
      miner: this.#miner.state as SourceTemplatesState['miner'],
      rates: [...this.#rates],
      ...{ startedMs, latestMs, lines, bucket, open, next, hour, told, untold },
    };
  }

  /** @param atMs of the event, not later than it was received */
  observe(event: StreamEvent, atMs: number): Finding[] {
    const is = this.#is;
    const findings: Finding[] = [];
    if (atMs > is.latestMs) is.latestMs = atMs;
    this.#closeBuckets(event, findings);
    is.lines += 1;
    const mined = this.#miner.observe(maskLine(event.message ?? ''));
    const level = event.level ?? 'INFO';
    const rate = this.#rateOf(mined, level);
    if (mined.isNew && this.#isLearned) this.#tellNew(event, mined.template, findings);
    const ahead = Math.floor(atMs / this.#bucketMs) - is.bucket;
    // Older lines belong to buckets that are closed.
    if (ahead < 0) return findings;
    const line = { isNext: ahead > 0, eventId: event.eventId, offset: event.place.offset, level };
    if (line.isNext) is.next += 1;
    else is.open += 1;
    if (countLine(rate, line, this.#test) && this.#isLearned) {
      const count = line.isNext ? rate.next : rate.open;
      findings.push(this.#rateFinding('surge', event, mined.template, rate, count));
    }
    return findings;
  }

  get #isLearned(): boolean {
    const { startedMs, latestMs, lines } = this.#is;
    return latestMs - startedMs >= this.#settings.learn_hours * hourMs && lines > this.#settings.learn_lines;
  }

  /** Of a single test: they all together give no more false alarms than were asked for. */
  get #chance(): number {
    const testsPerDay = (2 * 24 * hourMs * Math.max(1, this.#miner.templateCount)) / this.#bucketMs;
    return this.#settings.false_alarms_per_day / testsPerDay;
  }

  /** Of the open bucket. The next one is within an hour of it, or has no time of day. */
  readonly #test = (): BucketTest => ({ chance: this.#chance, place: this.#placeOf(this.#is.bucket) });

  #placeOf(bucket: number): DayPlace | undefined {
    return this.#settings.time_of_day ? dayPlaceOf(bucket, this.#bucketMs) : undefined;
  }

  #rateOf({ template, absorbed, forgotten }: Mined, level: string): TemplateRate {
    if (forgotten !== undefined) this.#rates.delete(forgotten.id);
    let rate = this.#rates.get(template.id);
    if (rate === undefined) {
      rate = newRate(level);
      this.#rates.set(template.id, rate);
    }
    for (const { id } of absorbed) {
      const other = this.#rates.get(id);
      if (other !== undefined) joinRates(rate, other);
      this.#rates.delete(id);
    }
    return rate;
  }

  #tellNew(event: StreamEvent, template: LogTemplate, findings: Finding[]): void {
    const is = this.#is;
    const hour = Math.floor(is.latestMs / hourMs);
    if (hour !== is.hour) {
      is.hour = hour;
      is.told = 0;
    }
    if (is.told >= this.#settings.new_per_hour) {
      is.untold += 1;
      return;
    }
    is.told += 1;
    const known = { templates: this.#miner.templateCount, lines: is.lines, untold: is.untold };
    is.untold = 0;
    findings.push(newTemplateFinding(event, { template, shown: this.#shown, known }));
  }

  #closeBuckets(event: StreamEvent, findings: Finding[]): void {
    const is = this.#is;
    while (is.latestMs >= (is.bucket + 1) * this.#bucketMs + latenessMs) {
      if (is.open === 0 && is.next === 0) {
        // Silence of the whole source says nothing of its templates.
        is.bucket = Math.floor((is.latestMs - latenessMs) / this.#bucketMs);
        return;
      }
      if (is.open > 0 && this.#isLearned) this.#tellDrops(event, findings);
      const test = this.#test();
      for (const rate of this.#rates.values()) {
        if (is.open === 0) skipBucket(rate);
        else closeBucket(rate, test);
      }
      is.bucket += 1;
      is.open = is.next;
      is.next = 0;
    }
  }

  /** Where a whole source slows down, its most frequent kinds stand for the rest. */
  #tellDrops(event: StreamEvent, findings: Finding[]): void {
    const test = this.#test();
    const dropped: [LogTemplate, TemplateRate][] = [];
    for (const template of this.#miner.templates()) {
      const rate = this.#rates.get(template.id);
      if (rate !== undefined && ordinaryLevels.has(rate.level) && isTooFew(rate, test)) dropped.push([template, rate]);
    }
    dropped.sort(([a, rate], [b, other]) => other.mean - rate.mean || a.id - b.id);
    for (const [index, [template, rate]] of dropped.entries()) {
      if (index < dropsTold) findings.push(this.#rateFinding('drop', event, template, rate, rate.open));
      rate.quiet = quietBuckets;
    }
  }

  #rateFinding(
    kind: 'surge' | 'drop',
    event: StreamEvent,
    template: LogTemplate,
    rate: TemplateRate,
    count: number,
  ): Finding {
    const { mean, variance, season } = expectationOf(rate, kind, this.#placeOf(this.#is.bucket));
    const bucketStartMs = this.#is.bucket * this.#bucketMs;
    return rateFinding(event, {
      ...{ kind, template, shown: this.#shown, count, expected: mean, deviation: Math.sqrt(variance), season },
      ...{ bucketStartMs, bucketSeconds: this.#settings.bucket_seconds, chance: this.#chance },
      ...{ level: rate.level, eventIds: rate.eventIds, firstOffset: rate.firstOffset },
    });
  }
}
