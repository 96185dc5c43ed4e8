import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { templateDetectorFactory, templateSettingsSchema } from '../server/src/anomaly/templates/index.ts';
import { maskLine } from '../server/src/anomaly/templates/mask-line.ts';
import { TemplateMiner } from '../server/src/anomaly/templates/template-miner.ts';
import { testDataPath } from '../test/support/test-data.ts';
import { groupingAccuracy } from './grouping-accuracy.ts';
import { sequenceTable } from './log-key-sequences.ts';
import { markdownTable } from './measure.ts';
import { templateRatesTable } from './template-rates.ts';

interface System {
  readonly name: string;
  readonly lines: readonly string[];
  readonly truth: readonly string[];
}

const settings = templateSettingsSchema.parse({});
const choices = [1, 2, 3, 4, 5, 6, 8];

/** Systems of loghub that the rules were written on, and those whose lines were looked at when they were widened. */
const lookedAt = {
  first: ['Apache', 'HDFS', 'Linux', 'OpenSSH', 'Thunderbird'],
  later: ['Android', 'BGL', 'Hadoop', 'HealthApp', 'OpenStack', 'Spark'],
};

/**
 * Templates of log lines: grouping accuracy by one set of rules, speed, changes of frequency in simulated sources, and what sequences of templates tell.
 * `SDP_BENCH_LOGHUB` names a copy of https://github.com/logpai/loghub to measure all its systems too, or a folder of the
 * same form, such as `2k_dataset` of loghub-2.0, whose corrected labels are then used.
 */
export async function benchTemplates(): Promise<string> {
  const systems = readSystems(testDataPath('anom-loghub'));
  const accuracies = systems.map((system) => choices.map((variants) => accuracy(system, variants)));
  const rows = systems.map(({ name, truth }, index) => [
    name,
    String(new Set(truth).size),
    ...(accuracies[index] as number[]).map((value) => value.toFixed(4)),
  ]);
  const means = choices.map((_, choice) => mean(accuracies.map((row) => row[choice] as number)));
  rows.push(['average', '', ...means.map((value) => value.toFixed(4))]);
  const left = systems.map((_, held) => {
    const others = choices.map((_choice, choice) =>
      mean(accuracies.filter((_row, index) => index !== held).map((row) => row[choice] as number)),
    );
    return (accuracies[held] as number[])[others.indexOf(Math.max(...others))] as number;
  });
  return [
    `Grouping accuracy, by how many words in one place are still kinds of messages (${settings.variants} as shipped):`,
    markdownTable(['system', 'templates', ...choices.map(String)], rows),
    `That number chosen on the other systems, each system left out in turn: ${mean(left).toFixed(4)} on average.`,
    ...otherSystems(process.env['SDP_BENCH_LOGHUB']),
    markdownTable(['lines/s', ...systems.map(({ name }) => name)], speed(systems)),
    'Simulated sources with ten kinds of lines, four weeks, with the time of day in what is expected or without:',
    templateRatesTable(),
    sequenceTable(),
  ].join('\n\n');
}

/** Accuracy on all systems of a folder, and by which of them were looked at. */
function otherSystems(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  const found = readSystems(folder).map((system) => ({
    name: system.name,
    value: accuracy(system, settings.variants),
    truth: new Set(system.truth).size,
  }));
  const kinds = ['rules written on it', 'looked at later', 'never looked at'];
  const kindOf = (name: string) => (lookedAt.first.includes(name) ? 0 : lookedAt.later.includes(name) ? 1 : 2);
  const rows = found.map(({ name, value, truth }) => [
    name,
    kinds[kindOf(name)] as string,
    String(truth),
    value.toFixed(4),
  ]);
  const averages = kinds.map((kind, index) => {
    const values = found.filter(({ name }) => kindOf(name) === index).map(({ value }) => value);
    return `${kind}: ${values.length === 0 ? '–' : mean(values).toFixed(4)} (${values.length})`;
  });
  return [
    `Grouping accuracy on the systems of SDP_BENCH_LOGHUB, ${mean(found.map(({ value }) => value)).toFixed(4)} on average; ${averages.join(', ')}:`,
    markdownTable(['system', '', 'templates', 'grouping accuracy'], rows),
  ];
}

function readSystems(folder: string): System[] {
  const labels = ['log_structured_corrected.csv', 'log_structured.csv'];
  return readdirSync(folder).flatMap((name) => {
    const path = labels.map((label) => join(folder, name, `${name}_2k.${label}`)).find((file) => existsSync(file));
    if (path === undefined) return [];
    const rows: { Content: string; EventId: string; EventTemplate: string }[] = parse(readFileSync(path), {
      columns: true,
      relax_quotes: true,
    });
    // Corrections are of the templates; their numbers are the old ones.
    const truth = rows.map(({ EventId, EventTemplate }) =>
      path.endsWith(labels[0] as string) ? EventTemplate : EventId,
    );
    return [{ name, lines: rows.map(({ Content }) => Content), truth }];
  });
}

function accuracy({ lines, truth }: System, variants: number): number {
  const miner = new TemplateMiner({ templates: settings.max_templates, variants });
  const mined = lines.map((line) => {
    const { template, absorbed } = miner.observe(maskLine(line));
    return { group: template.id, absorbed: absorbed.map(({ id }) => id) };
  });
  return groupingAccuracy(mined, truth);
}

/** The first time through the lines, then again and again, and with all that the detector does. */
function speed(systems: readonly System[]): string[][] {
  const rate = (lines: number, work: () => void): string => {
    const startedAt = performance.now();
    work();
    return Math.round((lines * 1_000) / (performance.now() - startedAt)).toLocaleString('en');
  };
  const rounds = 50;
  const mining = systems.map(({ lines }) => {
    const miner = new TemplateMiner({ templates: settings.max_templates, variants: settings.variants });
    return rate(rounds * lines.length, () => {
      for (let round = 0; round < rounds; round += 1) for (const line of lines) miner.observe(maskLine(line));
    });
  });
  const detecting = systems.map(({ name, lines }) => {
    const detector = templateDetectorFactory(settings).create({ topic: 'logs', partition: 0 });
    return rate(rounds * lines.length, () => {
      for (let round = 0; round < rounds; round += 1) {
        const events = lines.map((message, index) => {
          const number = round * lines.length + index;
          const place = { topic: 'logs', partition: 0, offset: BigInt(number), index: 0 };
          const atMs = number * 100;
          return {
            ...({ clientId: 'bench', eventId: String(number), type: 'log', atMs, receivedAtMs: atMs } as const),
            ...{ source: name, level: 'INFO', message, tags: {}, place },
          };
        });
        detector.observe(events);
      }
    });
  });
  return [
    ['mining', ...mining],
    ['the whole detector, events made included', ...detecting],
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
