import { IntegrityError } from '@sdp/shared/errors';
import {
  type BackupFinding,
  type BackupReport,
  backupFindings,
  type CheckedPartition,
  readHeads,
  verifyBackup,
} from '../backup/index.ts';
import type { Settings } from '../settings/index.ts';
import { type OpenedBackup, withBackup } from './open-backup.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';
import { progressLine } from './progress-line.ts';

interface ReportOptions {
  readonly topic?: string;
  readonly from?: Date;
  readonly json: boolean;
}

/** Shows what the manifest has. @throws {IntegrityError} `backup-tampered` where it isn't whole */
export async function listBackup(settings: Settings, options: ReportOptions): Promise<void> {
  await withBackup(settings, (backup) => show(backup, options, false));
}

/** Reads everything. @throws {IntegrityError} `backup-tampered` with the first thing that is wrong */
export async function verifyAll(settings: Settings, options: ReportOptions): Promise<void> {
  await withBackup(settings, (backup) => show(backup, options, true));
}

async function show({ store, keys, pool }: OpenedBackup, options: ReportOptions, readsObjects: boolean): Promise<void> {
  const progress = progressLine('objects checked');
  const report = await verifyBackup({
    ...{ store, keys, readsObjects, heads: await readHeads(pool, store.place) },
    ...{ topic: options.topic, since: options.from, onProgress: progress.update },
  });
  progress.end();
  if (options.json) printLine(JSON.stringify(toJson(store.place, report, readsObjects)));
  else print(store.place, report, readsObjects);
  const [first] = report.findings;
  if (first === undefined) return;
  throw new IntegrityError('backup-tampered', { message: `${placeOf(first)}: ${backupFindings[first.kind]}` });
}

function print(place: string, { partitions, findings, unnamed }: BackupReport, readsObjects: boolean): void {
  printTable(
    [
      'TOPIC',
      'PARTITION',
      'OBJECTS',
      'MESSAGES',
      ...(readsObjects ? ['INTACT'] : []),
      'REFUSED',
      'BYTES',
      'OFFSETS',
      'FROM',
      'TO',
    ],
    partitions.map((each) => [
      ...[each.topic, `${each.partition}`, each.objects, each.messages, ...(readsObjects ? [each.intact] : [])],
      ...[each.refused, each.bytes, offsetsOf(each), each.firstAt?.toISOString(), each.lastAt?.toISOString()],
    ]),
  );
  printLine(`Place: ${place}`);
  if (unnamed > 0) {
    printLine(
      `${count(unnamed, 'object')} beside the manifest, left where a worker died; their messages were kept again.`,
    );
  }
  if (findings.length === 0) {
    printLine(
      readsObjects
        ? 'Everything is there, and as it was written.'
        : 'The manifest is whole. `backup verify` reads the objects too.',
    );
    return;
  }
  printLine('');
  printTable(
    ['TOPIC', 'PARTITION', 'MISSING OFFSETS', 'WHAT', 'MEANING', 'OBJECT OR ENTRY'],
    findings
      .slice(0, maxPrinted)
      .map((each) => [
        each.topic,
        `${each.partition}`,
        missingOf(each),
        each.kind,
        backupFindings[each.kind],
        each.name,
      ]),
  );
  if (findings.length > maxPrinted)
    printLine(`and ${count(findings.length - maxPrinted, 'finding')} more; --json lists all`);
}

const maxPrinted = 20;

function offsetsOf({ firstOffset, lastOffset, generations }: CheckedPartition): string | undefined {
  if (firstOffset === undefined || lastOffset === undefined) return undefined;
  return generations === 1 ? `${firstOffset}–${lastOffset}` : `${generations} logs, to ${lastOffset}`;
}

function missingOf({ firstOffset, nextOffset }: BackupFinding): string | undefined {
  if (nextOffset === undefined) return undefined;
  if (firstOffset === undefined) return `up to ${nextOffset - 1n}`;
  return firstOffset === nextOffset - 1n ? `${firstOffset}` : `${firstOffset}–${nextOffset - 1n}`;
}

function placeOf(finding: BackupFinding): string {
  const missing = missingOf(finding);
  const offsets = missing === undefined ? '' : `, offsets ${missing}`;
  const name = finding.name === undefined ? '' : ` (${finding.name})`;
  return `${finding.topic} ${finding.partition}${offsets}${name}`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

function toJson(place: string, { partitions, findings, unnamed }: BackupReport, readsObjects: boolean): object {
  return {
    ...{ place, whole: findings.length === 0, objects_read: readsObjects, unnamed_objects: unnamed },
    partitions: partitions.map((each) => ({
      ...{ topic: each.topic, partition: each.partition, objects: each.objects, messages: each.messages },
      ...{ refused: each.refused, bytes: each.bytes, logs: each.generations },
      ...(readsObjects && { intact: each.intact }),
      ...{ first_offset: textOf(each.firstOffset), last_offset: textOf(each.lastOffset) },
      ...{ first_at: each.firstAt?.toISOString() ?? null, last_at: each.lastAt?.toISOString() ?? null },
    })),
    findings: findings.map((each) => ({
      ...{ kind: each.kind, meaning: backupFindings[each.kind], topic: each.topic, partition: each.partition },
      ...{ name: each.name ?? null, first_offset: textOf(each.firstOffset), next_offset: textOf(each.nextOffset) },
    })),
  };
}

function textOf(offset: bigint | undefined): string | null {
  return offset === undefined ? null : String(offset);
}
