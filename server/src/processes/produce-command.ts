import { type FileHandle, open } from 'node:fs/promises';
import type { EventType } from '@sdp/shared/contracts';
import { InputError, UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { builtInRules, type Produced, type ProduceState, runProducer, type Truth } from '../events/index.ts';
import type { Settings } from '../settings/index.ts';
import { printLine } from './print.ts';
import { type Cell, formatTable } from './print-table.ts';

type Load = () => Settings;

interface ProduceFlags {
  readonly serverUrl: string;
  readonly types: string;
  readonly duration: string;
  readonly interval: string;
  readonly rate: string;
  readonly speed: string;
  readonly seed: string;
  readonly anomalies: string;
  readonly truth?: string;
  readonly json: boolean;
}

const typeNames: Readonly<Record<string, EventType>> = { logs: 'log', metrics: 'metric', transactions: 'transaction' };

/** `sdp-server produce`: realistic events with known anomalies among them. */
export function produceCommand(load: Load): Command {
  return new Command('produce')
    .description(
      'Send invented logs, metrics and transactions with known anomalies to a server; the key is SDP_API_KEY',
    )
    .option('--server-url <url>', 'where the API listens', 'http://127.0.0.1:8081')
    .option('--types <list>', 'logs, metrics, transactions; separated by commas', 'logs,metrics,transactions')
    .option('--duration <seconds>', 'how long to send', '60')
    .option('--interval <seconds>', 'between two requests; each brings what is due', '1')
    .option('--rate <number>', 'events a second, of all types together', '50')
    .option('--speed <number>', 'the events’ own time passes so many times as fast, and ends now', '1')
    .option('--seed <number>', 'the same seed gives the same users, hosts, events and anomalies', '1')
    .option('--anomalies <number>', 'to inject; as many as can be told apart in the time', '0')
    .option('--truth <file>', 'write what the rules must find, one JSON object a line')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExample:\n  $ SDP_API_KEY_FILE=api.key sdp-server produce --rate 200 --duration 60 --anomalies 16 --truth truth.ndjson',
    )
    .action((flags: ProduceFlags) => produce(load(), flags));
}

async function produce({ bootstrap }: Settings, flags: ProduceFlags): Promise<void> {
  if (bootstrap === undefined) {
    throw new UsageError('usage-invalid', { message: 'SDP_API_KEY or SDP_API_KEY_FILE must hold the API key' });
  }
  const options = {
    serverUrl: urlOf(flags.serverUrl),
    apiKey: bootstrap.apiKey,
    types: typesOf(flags.types),
    durationSeconds: numberOf('--duration', flags.duration, 1, 7 * 86_400),
    intervalSeconds: numberOf('--interval', flags.interval, 0.01, 3_600),
    rate: numberOf('--rate', flags.rate, 0.01, 1_000_000),
    speed: numberOf('--speed', flags.speed, 1, 100_000),
    seed: numberOf('--seed', flags.seed, 0, 2 ** 48),
    anomalies: wholeNumberOf('--anomalies', flags.anomalies, 100_000),
  };
  // Before anything is sent: without it the run would be for nothing.
  const truthFile = flags.truth === undefined ? undefined : await openFile(flags.truth);
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  try {
    const progress = process.stderr.isTTY ? progressLine(options.durationSeconds) : undefined;
    const produced = await runProducer({
      ...options,
      signal: stop.signal,
      ...(progress && { onProgress: progress.show }),
    }).finally(() => progress?.end());
    await truthFile?.writeFile(produced.truth.map((each) => `${JSON.stringify(each)}\n`).join(''));
    if (flags.json) printLine(JSON.stringify(summaryOf(produced)));
    else printLine(tableOf(produced, options.anomalies));
  } finally {
    process.off('SIGINT', onInterrupt);
    await truthFile?.close();
  }
}

function summaryOf(produced: Produced) {
  const { latency, accepted, retries, truth } = produced;
  const ms = (value: number) => Math.round(value * 100) / 100;
  return {
    seconds: ms(produced.elapsedSeconds),
    interrupted: produced.isInterrupted,
    accepted,
    retries,
    request_ms: {
      requests: latency.count,
      p50: ms(latency.quantile(0.5)),
      p99: ms(latency.quantile(0.99)),
      max: ms(latency.maxMs),
    },
    anomalies: Object.fromEntries(rulesIn(truth)),
  };
}

function tableOf(produced: Produced, asked: number): string {
  const { latency, accepted, truth, elapsedSeconds } = produced;
  const sent = totalOf(produced);
  const retries = Object.entries(produced.retries).map(([name, count]) => `${name}: ${count}`);
  const rows: Cell[][] = [
    [
      'taken',
      `${amount(sent)} in ${elapsedSeconds.toFixed(1)} s, ${amount(Math.round(sent / elapsedSeconds))} a second`,
    ],
    ...Object.entries(typeNames).flatMap(([name, type]): Cell[][] =>
      accepted[type] > 0 ? [[`  ${name}`, amount(accepted[type])]] : [],
    ),
    ['requests', amount(latency.count)],
    ['p50, p99, longest', [latency.quantile(0.5), latency.quantile(0.99), latency.maxMs].map(inMs).join(', ')],
    ...(retries.length > 0 ? [['sent again', retries.join(', ')]] : []),
    ['to be found', asked > 0 ? amount(truth.length) : 'nothing was injected'],
    ...rulesIn(truth).map(([rule, count]): Cell[] => [`  ${rule}`, amount(count)]),
  ];
  return formatTable([produced.isInterrupted ? 'events (interrupted)' : 'events', ''], rows);
}

function rulesIn(truth: readonly Truth[]): [string, number][] {
  return builtInRules.flatMap((rule): [string, number][] => {
    const count = truth.filter((each) => each.rule === rule).length;
    return count === 0 ? [] : [[rule, count]];
  });
}

/** One line, written over the one before. */
function progressLine(durationSeconds: number) {
  const clear = '\r\u001b[2K';
  return {
    show: (state: ProduceState) => {
      const { elapsedSeconds, share } = state;
      const width = 24;
      const done = Math.round(share * width);
      const retries = Object.values(state.retries).reduce((sum, each) => sum + each, 0);
      process.stderr.write(
        `${clear}${'█'.repeat(done)}${'░'.repeat(width - done)} ${elapsedSeconds.toFixed(0)} of ${durationSeconds} s, ${amount(totalOf(state))} events${retries > 0 ? `, ${retries} retries` : ''}`,
      );
    },
    end: () => void process.stderr.write(clear),
  };
}

function totalOf({ accepted }: ProduceState): number {
  return Object.values(accepted).reduce((sum, each) => sum + each, 0);
}

function amount(value: number): string {
  return value.toLocaleString('en-US');
}

function inMs(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** @throws {InputError} `output-unwritable` */
async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w');
  } catch {
    throw new InputError('output-unwritable', { details: { file } });
  }
}

function typesOf(text: string): EventType[] {
  const types = text.split(',').map((name) => typeNames[name.trim()]);
  if (types.every((type) => type !== undefined)) return [...new Set(types)];
  throw new UsageError('usage-invalid', {
    message: `--types takes ${Object.keys(typeNames).join(', ')}, separated by commas`,
  });
}

function wholeNumberOf(flag: string, text: string, max: number): number {
  const value = numberOf(flag, text, 0, max);
  if (Number.isInteger(value)) return value;
  throw new UsageError('usage-invalid', { message: `${flag} takes a whole number` });
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError('usage-invalid', { message: `${flag} takes a number from ${min} to ${max}` });
}

function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text).origin;
  throw new UsageError('usage-invalid', { message: '--server-url takes an address such as http://127.0.0.1:8081' });
}
