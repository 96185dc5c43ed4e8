import { templateSettingsSchema } from '../server/src/anomaly/templates/index.ts';
import {
  closeBucket,
  countLine,
  isTooFew,
  newRate,
  quietBuckets,
} from '../server/src/anomaly/templates/template-rate.ts';
import { dayPlaceOf } from '../server/src/anomaly/templates/template-season.ts';
import { markdownTable } from './measure.ts';

const bucketMs = 300_000;
const dayBuckets = 288;
const days = 28;
const seeds = [1, 2, 3];
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);
/** Injections begin once two weeks are learned. */
const learnedDays = 14;
/** What a source's kinds of lines have at their busiest, in five minutes. */
const peaks = [0.5, 1, 2, 4, 8, 12, 20, 30, 45, 60];

const chance = templateSettingsSchema.parse({}).false_alarms_per_day / (2 * dayBuckets * peaks.length);

interface Rhythm {
  readonly name: string;
  /** Of the quietest hour, as a share of the busiest. */
  readonly night: number;
  readonly weekend: number;
  /** Standard deviation of the logarithm of the rate, which wanders within about half an hour. */
  readonly unrest: number;
}

const rhythms: readonly Rhythm[] = [
  { name: 'the same all day', night: 1, weekend: 1, unrest: 0 },
  { name: 'the same all day, restless', night: 1, weekend: 1, unrest: 0.4 },
  { name: 'a third by night', night: 0.33, weekend: 1, unrest: 0.2 },
  { name: 'a tenth by night', night: 0.1, weekend: 1, unrest: 0.2 },
  { name: 'a tenth by night, 40 % at weekends', night: 0.1, weekend: 0.4, unrest: 0.2 },
  { name: 'a thirtieth by night, 15 % at weekends, restless', night: 0.033, weekend: 0.15, unrest: 0.4 },
];

interface Injection {
  readonly kind: 'surge by night' | 'surge by day' | 'drop by day';
  readonly template: number;
  readonly from: number;
  readonly to: number;
  readonly factor: number;
}

/**
 * Lines of simulated sources, with and without the time of day in what is expected: false alarms of four weeks in which
 * nothing happens, and which of the surges and drops of two weeks were found.
 */
export function templateRatesTable(): string {
  const rows = rhythms.flatMap((rhythm) => [false, true].map((isSeasonal) => row(rhythm, isSeasonal)));
  return markdownTable(
    [
      'a source',
      'time of day',
      'false alarms a day',
      'in the first week',
      'surges ×10 by night',
      '×4 by day',
      'drops to 5 % by day',
    ],
    rows,
  );
}

function row(rhythm: Rhythm, isSeasonal: boolean): string[] {
  let early = 0;
  let late = 0;
  const found = new Map<string, { of: number; seen: number }>();
  for (const seed of seeds) {
    for (const { bucket } of findings(rhythm, isSeasonal, seed, [])) {
      if (bucket < 7 * dayBuckets) early += 1;
      else late += 1;
    }
    const injected = injections(rhythm, seed);
    const told = findings(rhythm, isSeasonal, seed, injected);
    for (const { kind, template, from, to } of injected) {
      const isSeen = told.some(
        (finding) =>
          finding.isSurge === (kind !== 'drop by day') &&
          finding.template === template &&
          finding.bucket >= from &&
          finding.bucket < to,
      );
      const counts = found.get(kind) ?? { of: 0, seen: 0 };
      found.set(kind, { of: counts.of + 1, seen: counts.seen + Number(isSeen) });
    }
  }
  const share = (kind: string) => {
    const { of, seen } = found.get(kind) ?? { of: 0, seen: 0 };
    return of === 0 ? '–' : `${seen} of ${of}`;
  };
  return [
    ...[rhythm.name, isSeasonal ? 'yes' : 'no'],
    ...[(late / (seeds.length * (days - 7))).toFixed(2), (early / (seeds.length * 6)).toFixed(2)],
    ...[share('surge by night'), share('surge by day'), share('drop by day')],
  ];
}

/** Twenty minutes of more, forty of less; of kinds that come often enough at that hour to tell by three times and ten lines. */
function injections(rhythm: Rhythm, seed: number): Injection[] {
  const random = uniform(1_000 + seed);
  const made: Injection[] = [];
  for (let day = learnedDays; day < days; day += 1) {
    const start = day * dayBuckets;
    const often = (share: number, least: number) =>
      peaks.flatMap((peak, template) => (peak * share * weekendOf(rhythm, start) >= least ? [template] : []));
    const pick = (all: readonly number[]) => all[Math.floor(random() * all.length)];
    const plan = [
      ['surge by night', pick(often(rhythm.night, 0.5)), 12 + Math.floor(random() * 24), 4, 10],
      ['surge by day', pick(often(1, 5)), 120 + Math.floor(random() * 100), 4, 4],
      ['drop by day', pick(often(1, 15)), 120 + Math.floor(random() * 100), 8, 0.05],
    ] as const;
    for (const [kind, template, at, length, factor] of plan) {
      if (template !== undefined) made.push({ kind, template, from: start + at, to: start + at + length, factor });
    }
  }
  return made;
}

interface Told {
  readonly isSurge: boolean;
  readonly template: number;
  readonly bucket: number;
}

/** As `SourceTemplates` counts and judges, without the lines' texts. */
function findings(rhythm: Rhythm, isSeasonal: boolean, seed: number, injected: readonly Injection[]): Told[] {
  const random = uniform(seed);
  const unrest = peaks.map(() => 0);
  const rates = peaks.map(() => newRate('INFO'));
  const told: Told[] = [];
  for (let bucket = 0; bucket < days * dayBuckets; bucket += 1) {
    const share = rateAt(rhythm, bucket);
    const place = isSeasonal ? dayPlaceOf(startMs / bucketMs + bucket, bucketMs) : undefined;
    const test = { chance, place };
    for (const [template, peak] of peaks.entries()) {
      const rate = rates[template] as (typeof rates)[number];
      unrest[template] = 0.85 * (unrest[template] as number) + Math.sqrt(1 - 0.85 ** 2) * normal(random);
      const wander = Math.exp(rhythm.unrest * (unrest[template] as number) - rhythm.unrest ** 2 / 2);
      const injection = injected.find((each) => each.template === template && bucket >= each.from && bucket < each.to);
      const count = poisson(peak * share * wander * (injection?.factor ?? 1), random);
      const line = { isNext: false, eventId: '', offset: 0n, level: 'INFO' };
      for (let each = 0; each < count; each += 1) {
        if (countLine(rate, line, () => test) && bucket >= dayBuckets) told.push({ isSurge: true, template, bucket });
      }
      if (bucket >= dayBuckets && isTooFew(rate, test)) {
        told.push({ isSurge: false, template, bucket });
        rate.quiet = quietBuckets;
      }
      closeBucket(rate, test);
    }
  }
  return told;
}

/** Share of the busiest rate: a plateau by day, quiet by night, and a rise and a fall of three hours each. */
function rateAt(rhythm: Rhythm, bucket: number): number {
  const hour = (24 * (bucket % dayBuckets)) / dayBuckets;
  const rise = Math.max(0, Math.min(1, (hour - 6) / 3));
  const fall = Math.max(0, Math.min(1, (22 - hour) / 3));
  return (rhythm.night + (1 - rhythm.night) * Math.min(rise, fall)) * weekendOf(rhythm, bucket);
}

function weekendOf(rhythm: Rhythm, bucket: number): number {
  return Math.floor(bucket / dayBuckets) % 7 >= 5 ? rhythm.weekend : 1;
}

/** A repeatable stream of numbers in [0, 1). */
function uniform(seed: number): () => number {
  let state = Math.imul(seed, 0x9e37_79b9);
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** By multiplication (Knuth), of at most thirty at a time. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) return poisson(30, random) + poisson(mean - 30, random);
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random()) count += 1;
  return count;
}
