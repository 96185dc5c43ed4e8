import { GateError, UsageError } from '@sdp/shared/errors';
import { type RestoredPartition, type RestoreReport, readHeads, restoreBackup } from '../backup/index.ts';
import type { Settings } from '../settings/index.ts';
import { withBackup } from './open-backup.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';
import { progressLine } from './progress-line.ts';

export interface RestoreArguments {
  readonly from?: Date;
  readonly to?: Date;
  readonly into?: string;
  readonly dryRun: boolean;
  readonly again: boolean;
  readonly incomplete: boolean;
  readonly json: boolean;
}

/** Restores a range of a topic and says what became of each partition. @throws {GateError} `gate-not-met` where not all of it was sent */
export async function restoreRange(settings: Settings, topic: string, options: RestoreArguments): Promise<void> {
  const { from = new Date(0), to, into = topic, dryRun, again, incomplete, json } = options;
  if (to !== undefined && to <= from) throw new UsageError('usage-invalid', { message: '--to is not after --from' });
  const progress = progressLine(dryRun ? 'objects opened' : 'objects sent');
  const report = await withBackup(settings, async ({ store, keys, pool, messaging }) =>
    restoreBackup({
      ...{ store, keys, pool, topic, into, from, to, ...(await messaging()) },
      ...{ heads: await readHeads(pool, store.place), onProgress: progress.update },
      ...{ isDryRun: dryRun, isAgain: again, isIncomplete: incomplete },
    }),
  );
  progress.end();
  if (json) printLine(JSON.stringify(toJson(report, dryRun)));
  else print(report, dryRun);
  const left = total(report, ({ unopened }) => unopened);
  if (left === 0 && report.missing === 0) return;
  throw new GateError('gate-not-met', {
    message: `Left out: ${left} messages that cannot be opened or may not go there, ${report.missing} objects or entries that are missing or damaged`,
    remedy: 'Give all keys that messages were sealed with; `sdp-server backup verify` names what is missing.',
  });
}

function print(report: RestoreReport, isDryRun: boolean): void {
  const { partitions, topic, into, from, to, isContinued, id } = report;
  const sent = isDryRun ? 'WOULD BE SENT' : 'SENT';
  printTable(
    ['TOPIC', 'PARTITION', 'IN RANGE', sent, 'SENT BEFORE', 'COPIES', 'REFUSED', 'NOT OPENED'],
    [
      ...partitions.map((each) => [topic, `${each.partition}`, ...figures(each)]),
      ...(partitions.length > 1 ? [['all', '', ...sums(report)]] : []),
    ],
  );
  const range = `${from.getTime() === 0 ? 'the beginning' : from.toISOString()} to ${to.toISOString()}`;
  if (isDryRun) printLine(`Nothing was sent. From ${range}, into ${into}.`);
  else printLine(`${isContinued ? 'Continued and done' : 'Done'}: from ${range}, into ${into}, as restore ${id}.`);
}

function figures({ messages, sent, sentBefore, copies, refused, unopened }: RestoredPartition): number[] {
  return [messages, sent, sentBefore, copies, refused, unopened];
}

function sums({ partitions }: RestoreReport): number[] {
  return partitions.map(figures).reduce((all, each) => all.map((sum, i) => sum + (each[i] ?? 0)));
}

function total({ partitions }: RestoreReport, of: (partition: RestoredPartition) => number): number {
  return partitions.reduce((sum, each) => sum + of(each), 0);
}

function toJson(
  { partitions, id, from, to, topic, into, isContinued, missing }: RestoreReport,
  isDryRun: boolean,
): object {
  return {
    ...{ restore_id: id ?? null, topic, into, from: from.toISOString(), to: to.toISOString() },
    ...{ dry_run: isDryRun, continued: isContinued, missing },
    partitions: partitions.map(({ sentBefore, unopened, ...each }) => ({
      ...each,
      ...{ sent_before: sentBefore, not_opened: unopened },
    })),
  };
}
