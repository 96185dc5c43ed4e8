import { type Judgement, SeriesModel, seriesSettingsSchema } from '../server/src/anomaly/series/index.ts';
import { markdownTable } from './measure.ts';
import { detectionFigures, type LabelledSeries, nabSeries } from './nab-data.ts';
import { nabScore, probation } from './nab-score.ts';

type Detector = (series: LabelledSeries) => number[];

const settings = seriesSettingsSchema.parse({});
const shipped: Judgement = {
  chance: settings.chance,
  margin: settings.margin,
  learnSamples: settings.learn_samples,
  quietSamples: settings.quiet_samples,
};

/** Families of the whole benchmark that the detector was never made to fit: nobody looked at a series of theirs. */
const measuredOnly = new Set(['realKnownCause', 'realAdExchange']);

/** Series of metrics: NAB's windows beside simple baselines, what depends on the two numbers there are, and speed. */
export async function benchSeries(): Promise<string> {
  const all = nabSeries();
  const families = [...new Set(all.map(({ family }) => family))];
  const baselines: [string, readonly [string, Detector][]][] = [
    ['static threshold', [2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20].map((k) => [`${k} sigmas`, staticThreshold(k)])],
    ['moving z-score', [3, 4, 5, 6, 8, 10, 12, 15].map((k) => [`${k} sigmas`, movingScore(k, 288)])],
    ['random', [0.0001, 0.0003, 0.001, 0.003].map((p) => [`chance ${p}`, byChance(p)])],
  ];
  const rows = [row('silent', all, () => [])];
  for (const [name, choices] of baselines) {
    const best = choices.reduce((a, b) => (score(all, b[1]) > score(all, a[1]) ? b : a));
    rows.push(row(`${name}, ${best[0]} (best of ${choices.length})`, all, best[1]));
  }
  rows.push(row('series detector, as shipped', all, learned(shipped)));
  const parts: [string, (series: LabelledSeries) => boolean][] = [
    ...families.map((family): [string, (series: LabelledSeries) => boolean] => [
      family,
      (series) => series.family === family,
    ]),
    ['looked at', ({ family }) => !measuredOnly.has(family)],
    ['measured only', ({ family }) => measuredOnly.has(family)],
  ];
  for (const [name, isOf] of parts) {
    const part = all.filter(isOf);
    if (part.length > 0 && part.length < all.length) rows.push(row(`of these ${name}`, part, learned(shipped)));
  }
  return [
    markdownTable(
      [
        'detector',
        'NAB score',
        'windows found',
        'precision',
        'false alarms a day',
        'median delay',
        'before the moment',
      ],
      rows,
    ),
    leftOut(all, families),
    falseAlarms(),
    speed(all),
  ].join('\n\n');
}

function score(all: readonly LabelledSeries[], detector: Detector): number {
  return nabScore(
    all.map((series) => ({
      samples: series.values.length,
      windows: series.windows,
      detections: detector(series),
    })),
  );
}

function row(name: string, all: readonly LabelledSeries[], detector: Detector): string[] {
  const runs = all.map((series) => ({ series, detections: detector(series) }));
  const { windows, hits, detections, falseAlarms, days, delaysMs } = detectionFigures(runs);
  const median = delaysMs[Math.floor(delaysMs.length / 2)];
  return [
    name,
    windows === 0 ? '–' : score(all, detector).toFixed(1),
    `${hits} of ${windows}`,
    detections === 0 ? '–' : ((detections - falseAlarms) / detections).toFixed(2),
    (falseAlarms / days).toFixed(3),
    median === undefined ? '–' : `${Math.round(median / 60_000)} min`,
    delaysMs.length === 0 ? '–' : String(delaysMs.filter((delay) => delay < 0).length),
  ];
}

function learned(judgement: Judgement): Detector {
  return ({ values, timesMs }) => {
    const model = new SeriesModel();
    return values.flatMap((value, at) =>
      model.observe(value, timesMs[at] as number, judgement) === undefined ? [] : [at],
    );
  };
}

/** Where a run of samples that are beyond a limit begins. */
function runs(isBeyond: (at: number) => boolean, samples: number): number[] {
  const found: number[] = [];
  let quietUntil = -1;
  for (let at = 0; at < samples; at += 1) {
    if (!isBeyond(at)) continue;
    if (at > quietUntil) found.push(at);
    // As the series detector does after a finding.
    quietUntil = at + shipped.quietSamples;
  }
  return found;
}

/** Mean and standard deviation of the first 15 %, for good. */
function staticThreshold(sigmas: number): Detector {
  return ({ values }) => {
    const { mean, deviation } = moments(values.slice(0, probation(values.length)));
    return runs((at) => Math.abs((values[at] as number) - mean) > sigmas * deviation, values.length);
  };
}

/** Mean and standard deviation of the last samples. */
function movingScore(sigmas: number, width: number): Detector {
  return ({ values }) =>
    runs((at) => {
      if (at < width) return false;
      const { mean, deviation } = moments(values.slice(at - width, at));
      return Math.abs((values[at] as number) - mean) > sigmas * deviation;
    }, values.length);
}

function byChance(chance: number): Detector {
  return ({ values }) => {
    const random = uniform(values.length);
    return runs(() => random() < chance, values.length);
  };
}

function moments(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) + 1e-9 };
}

/** The two settings chosen without the family that they are then judged on. */
function leftOut(all: readonly LabelledSeries[], families: readonly string[]): string {
  const choices = [1e-3, 3e-4, 1e-4].flatMap((chance) =>
    [1.1, 1.2, 1.5].map((margin) => ({ ...shipped, chance, margin })),
  );
  const tried = choices.map((choice) => {
    const detections = new Map(all.map((series) => [series, learned(choice)(series)]));
    return { choice, detector: (series: LabelledSeries) => detections.get(series) as number[] };
  });
  const scores = tried.map(({ detector }) => ({ score: score(all, detector) }));
  const rows = families.map((family) => {
    const rest = all.filter((series) => series.family !== family);
    const held = all.filter((series) => series.family === family);
    const [best] = tried
      .map((one) => ({ ...one, score: score(rest, one.detector) }))
      .sort((a, b) => b.score - a.score) as [(typeof tried)[number], ...unknown[]];
    const { chance, margin } = best.choice;
    return [family, `${chance}, ${margin}`, score(held, best.detector).toFixed(1)];
  });
  const range = scores.map(({ score: one }) => one).sort((a, b) => a - b);
  return `${markdownTable(['left out', 'chance, margin chosen on the others', 'NAB score of those left out'], rows)}\n\nOver all ${choices.length} choices: ${range[0]?.toFixed(1)} to ${range.at(-1)?.toFixed(1)}.`;
}

/** Series in which nothing happens. */
function falseAlarms(): string {
  const days = 14;
  const noises: [string, (normal: () => number, share: number) => number][] = [
    ['normal noise', (normal) => 50 + 5 * normal()],
    ['a daily wave and normal noise', (normal, share) => 50 + 20 * Math.sin(2 * Math.PI * share) + 3 * normal()],
    ['lognormal noise, as of latencies', (normal) => Math.exp(4 + 0.7 * normal())],
  ];
  const rows = noises.map(([name, made]) => [
    name,
    ...[10_000, 60_000, 300_000, 3_600_000].map((stepMs) => {
      const seeds = stepMs < 60_000 ? 5 : 20;
      let found = 0;
      let warned = 0;
      for (let seed = 1; seed <= seeds; seed += 1) {
        const random = uniform(7_919 * seed);
        const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        const model = new SeriesModel();
        for (let atMs = 0; atMs < days * 86_400_000; atMs += stepMs) {
          const deviation = model.observe(made(normal, (atMs % 86_400_000) / 86_400_000), atMs, shipped);
          if (deviation === undefined) continue;
          found += 1;
          if (deviation.severity > 0) warned += 1;
        }
      }
      return `${(found / (seeds * days)).toFixed(3)}, ${(warned / (seeds * days)).toFixed(3)}`;
    }),
  ]);
  return markdownTable(
    [
      'false alarms a day, and warnings among them, of a series of',
      'each 10 s',
      'each minute',
      'each 5 minutes',
      'each hour',
    ],
    rows,
  );
}

function speed(all: readonly LabelledSeries[]): string {
  const samples = all.reduce((sum, { values }) => sum + values.length, 0);
  const startedAt = performance.now();
  for (let round = 0; round < 5; round += 1) for (const series of all) learned(shipped)(series);
  const perSecond = (5 * samples * 1_000) / (performance.now() - startedAt);
  return `Samples judged and learned: ${Math.round(perSecond).toLocaleString('en')} a second; a series takes ${new SeriesModel().state.byteLength.toLocaleString('en')} bytes.`;
}

function uniform(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
