import { InputError, UnavailableError, UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import type { Settings } from '../settings/index.ts';
import { runSimulation, type SimulationState } from '../transactions/index.ts';
import { printLine } from './print.ts';
import { type Cell, formatTable } from './print-table.ts';

type Load = () => Settings;

interface SimulateOptions {
  readonly serverUrl: string;
  readonly rate: string;
  readonly duration: string;
  readonly warmUp: string;
  readonly waitMs: string;
  readonly seed: string;
  readonly days: string;
  readonly until?: string;
  readonly json: boolean;
}

/** `sdp-server simulate`: a stream of realistic transactions, and what comes of them. */
export function simulateCommand(load: Load): Command {
  return new Command('simulate')
    .description('Send invented transactions to a server and show decisions and latencies; the key is SDP_API_KEY')
    .option('--server-url <url>', 'where the API listens', 'http://127.0.0.1:8081')
    .option('--rate <number>', 'transactions a second', '50')
    .option('--duration <seconds>', 'how long to send', '30')
    .option('--warm-up <seconds>', 'leave the latencies of the first seconds out', '0')
    .option('--wait-ms <ms>', 'how long to wait for a decision', '10000')
    .option('--seed <number>', 'the same seed gives the same customers, habits and frauds', '1')
    .option('--days <number>', 'of the transactions’ own time, up to now', '14')
    .option('--until <time>', 'when the last of them takes place, ISO 8601; now where left out')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ SDP_API_KEY_FILE=api.key sdp-server simulate --rate 100 --duration 60')
    .action((options: SimulateOptions) => simulate(load(), options));
}

async function simulate(settings: Settings, options: SimulateOptions): Promise<void> {
  const { bootstrap } = settings;
  if (bootstrap === undefined) {
    throw new UsageError('usage-invalid', { message: 'SDP_API_KEY or SDP_API_KEY_FILE must hold the API key' });
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const table = process.stderr.isTTY ? liveTable() : undefined;
  const state = await runSimulation({
    serverUrl: urlOf(options.serverUrl),
    apiKey: bootstrap.apiKey,
    rate: numberOf('--rate', options.rate, 0.1, 100_000),
    durationSeconds: numberOf('--duration', options.duration, 1, 86_400),
    warmUpSeconds: numberOf('--warm-up', options.warmUp, 0, 3_600),
    waitMs: numberOf('--wait-ms', options.waitMs, 0, 30_000),
    seed: numberOf('--seed', options.seed, 0, 2 ** 48),
    days: numberOf('--days', options.days, 0.01, 365),
    untilMs: timeOf(options.until),
    signal: stop.signal,
    ...(table && { onProgress: table.show }),
  });
  table?.end();
  if (options.json) printLine(JSON.stringify(summaryOf(state)));
  else printLine(tableOf(state));
  if (state.decided === 0 && state.pending === 0) {
    const refused = Object.keys(state.errors).some((name) => /^4\d\d$/.test(name));
    if (refused) throw new InputError('request-invalid', { message: 'The server refused every transaction' });
    throw new UnavailableError('server-unreachable', { message: 'The server answered no transaction' });
  }
}

function summaryOf(state: SimulationState) {
  const { latency } = state;
  const ms = (value: number) => Math.round(value * 100) / 100;
  return {
    seconds: Math.round(state.elapsedSeconds * 1_000) / 1_000,
    sent: state.sent,
    decided: state.decided,
    pending: state.pending,
    errors: state.errors,
    decisions: state.decisions,
    latency_ms: {
      measured: latency.count,
      p50: ms(latency.quantile(0.5)),
      p95: ms(latency.quantile(0.95)),
      p99: ms(latency.quantile(0.99)),
      max: ms(latency.maxMs),
    },
    frauds: state.frauds,
    false_alarms: state.falseAlarms,
    outcomes: state.outcomes,
  };
}

function tableOf(state: SimulationState): string {
  const { decisions, latency, frauds } = state;
  const ms = (share: number) => `${latency.quantile(share).toFixed(1)} ms`;
  const caught = Object.values(frauds).reduce((sum, each) => sum + each.caught, 0);
  const fraud = Object.values(frauds).reduce((sum, each) => sum + each.sent, 0);
  const failed = Object.values(state.errors).reduce((sum, each) => sum + each, 0);
  const rows: Cell[][] = [
    ['sent', `${state.sent.toLocaleString('en-US')} in ${state.elapsedSeconds.toFixed(1)} s`],
    ['decided', state.decided.toLocaleString('en-US')],
    ['approve, review, decline', `${decisions.APPROVE}, ${decisions.REVIEW}, ${decisions.DECLINE}`],
    ['without a decision, failed', `${state.pending}, ${failed}${failed > 0 ? ` (${errorsOf(state)})` : ''}`],
    ['p50, p95, p99, longest', `${ms(0.5)}, ${ms(0.95)}, ${ms(0.99)}, ${latency.maxMs.toFixed(1)} ms`],
    ['frauds caught', `${caught} of ${fraud}`],
    ...Object.entries(frauds).map(([name, each]): Cell[] => [`  ${name}`, `${each.caught} of ${each.sent}`]),
    ['false alarms', String(state.falseAlarms)],
    ['frauds reported', String(state.outcomes)],
  ];
  return formatTable(['simulation', ''], rows);
}

function errorsOf({ errors }: SimulationState): string {
  return Object.entries(errors)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}

/** Writes the table over the one before. */
function liveTable() {
  let lines = 0;
  return {
    show: (state: SimulationState) => {
      const text = tableOf(state);
      process.stderr.write(`${lines > 0 ? `\u001b[${lines}A\u001b[0J` : ''}${text}\n`);
      lines = text.split('\n').length;
    },
    end: () => {
      if (lines > 0) process.stderr.write(`\u001b[${lines}A\u001b[0J`);
    },
  };
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError('usage-invalid', { message: `${flag} takes a number from ${min} to ${max}` });
}

function timeOf(text: string | undefined): number {
  const time = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isNaN(time))
    throw new UsageError('usage-invalid', { message: '--until takes a time such as 2026-01-31T12:00:00Z' });
  return time;
}

function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text).origin;
  throw new UsageError('usage-invalid', { message: '--server-url takes an address such as http://127.0.0.1:8081' });
}
