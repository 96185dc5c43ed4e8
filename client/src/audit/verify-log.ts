import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AsideLog, asideLogs } from './aside-logs.ts';
import { type AuditHead, readHeads } from './audit-head.ts';
import { type AuditLine, type BeginEvent, noLine, openLine } from './log-line.ts';
import type { LogPlace } from './log-place.ts';
import { readLogBytes } from './read-log-bytes.ts';

export type LogDamageKind =
  | 'log-missing'
  | 'line-changed'
  | 'lines-missing'
  | 'lines-moved'
  | 'foreign-line'
  | 'end-missing'
  | 'end-replaced'
  | 'log-replaced'
  | 'line-cut'
  | 'head-changed'
  | 'aside-changed';

export interface LogDamage {
  readonly kind: LogDamageKind;
  /** Line of the file, from 1; missing where the damage is none of a line. */
  readonly line?: number;
}

export interface LogReport {
  readonly path: string;
  /** Lines that are good, up to the first that is not. */
  readonly lines: number;
  readonly reveals: number;
  /** Reveals without an outcome: killed while they were under way, or under way still. */
  readonly unfinished: readonly number[];
  /** Id of the log; missing where not even its first line is good. */
  readonly log: string | undefined;
  /** Lines whose time is before that of an earlier one by more than a minute: the clock was set back. */
  readonly clockSetBack: readonly number[];
  /** The latest first. */
  readonly aside: readonly AsideLog[];
  /** Whether a head was there to tell whether the end is missing. */
  readonly headKnown: boolean;
  /** The first thing that is wrong. */
  readonly damage: LogDamage | undefined;
}

export interface VerifyLogOptions {
  readonly place: LogPlace;
  readonly vaultId: string;
  readonly key: KeyObject;
  /** The head that the vault remembers. */
  readonly sealed?: AuditHead | undefined;
  /** Told of every line that is good, in order. */
  readonly onLine?: (line: AuditLine) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads a log from its first line to its last and compares it with its heads.
 *
 * @returns `undefined` where there is no log and there never was one
 */
export async function verifyLog(options: VerifyLogOptions): Promise<LogReport | undefined> {
  const { place, vaultId, key, sealed, onLine, signal } = options;
  const known = readHeads(key, place, vaultId, sealed);
  const heads = [...(known.here ? [known.here] : []), ...known.elsewhere];
  if (!existsSync(place.logPath)) {
    if (known.here === undefined && !known.isHereDamaged) return undefined;
    return report(place.logPath, emptyTally(), heads, { kind: 'log-missing' });
  }
  const tally = emptyTally();
  let damage: LogDamage | undefined;
  let last: AuditLine | undefined;
  let number = 0;
  const seen = new Map<number, string>();
  for await (const { text, whole } of linesOf(place.logPath)) {
    signal?.throwIfAborted();
    number++;
    const line = openLine(key, text);
    damage = !whole ? { kind: 'line-cut', line: number } : lineDamage(line, last, number, vaultId);
    if (damage !== undefined || line === undefined) break;
    count(tally, line);
    if (heads.some((head) => head.seq === line.seq)) seen.set(line.seq, line.mac);
    onLine?.(line);
    last = line;
  }
  const torn = damage?.kind === 'line-cut' && (known.here?.seq ?? 0) <= (last?.seq ?? 0);
  // A line that a crash cut short was never acted on; the next reveal removes it.
  if (torn) damage = undefined;
  const aside = await asideLogs(key, dirname(place.logPath), tally.predecessor);
  damage ??= headDamage(known, last, seen);
  if (damage === undefined && aside.some(({ state }) => state === 'changed')) damage = { kind: 'aside-changed' };
  return report(place.logPath, tally, heads, damage, aside);
}

/** Time services move a clock by less. */
const clockToleranceMs = 60_000;

interface Tally {
  lines: number;
  reveals: number;
  log: string | undefined;
  predecessor: BeginEvent['predecessor'];
  latest: string;
  readonly clockSetBack: number[];
  readonly open: Set<number>;
}

const emptyTally = (): Tally => ({
  lines: 0,
  reveals: 0,
  log: undefined,
  predecessor: undefined,
  latest: '',
  clockSetBack: [],
  open: new Set(),
});

function count(tally: Tally, line: AuditLine): void {
  tally.lines++;
  tally.log ??= line.log;
  if (line.event === 'begin') tally.predecessor = line.predecessor;
  const isSetBack = Date.parse(tally.latest) - Date.parse(line.time) > clockToleranceMs;
  if (isSetBack) tally.clockSetBack.push(line.seq);
  if (isSetBack || line.time > tally.latest) tally.latest = line.time;
  if (line.event === 'reveal') {
    tally.reveals++;
    tally.open.add(line.seq);
  } else if (line.event === 'outcome') {
    tally.open.delete(line.reveal);
  }
}

function report(
  path: string,
  { lines, reveals, open, log, clockSetBack }: Tally,
  heads: readonly AuditHead[],
  damage: LogDamage | undefined,
  aside: readonly AsideLog[] = [],
): LogReport {
  return { path, lines, reveals, unfinished: [...open], log, clockSetBack, aside, headKnown: heads.length > 0, damage };
}

function lineDamage(
  line: AuditLine | undefined,
  last: AuditLine | undefined,
  number: number,
  vaultId: string,
): LogDamage | undefined {
  if (line === undefined) return { kind: 'line-changed', line: number };
  if (last === undefined) {
    if (line.prev !== noLine || line.seq !== 1) return { kind: 'lines-missing', line: number };
    return line.event === 'begin' && line.vault === vaultId ? undefined : { kind: 'foreign-line', line: number };
  }
  if (line.log !== last.log) return { kind: 'foreign-line', line: number };
  if (line.prev === last.mac && line.seq === last.seq + 1) return undefined;
  return { kind: line.seq > last.seq + 1 ? 'lines-missing' : 'lines-moved', line: number };
}

/** Whether the chain holds every line that a head remembers. */
function headDamage(
  { here, isHereDamaged, elsewhere }: ReturnType<typeof readHeads>,
  last: AuditLine | undefined,
  seen: ReadonlyMap<number, string>,
): LogDamage | undefined {
  if (isHereDamaged) return { kind: 'head-changed' };
  if (here !== undefined && here.log !== last?.log) return { kind: 'log-replaced' };
  // A log that came here from another place is measured by the head it had there; where that place still has a log, the
  // two are copies that went on apart.
  const fitting = [here, ...elsewhere.filter(({ path }) => here === undefined && !existsSync(path))];
  for (const head of fitting) {
    if (head === undefined || head.log !== last?.log) continue;
    if (head.seq > last.seq) return { kind: 'end-missing' };
    if (seen.get(head.seq) !== head.last) return { kind: 'end-replaced', line: head.seq };
  }
  return undefined;
}

/** Split at line feeds alone: `node:readline` knows further line ends, which may stand in a reason. */
async function* linesOf(path: string): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  let rest = Buffer.alloc(0);
  for await (const chunk of readLogBytes(path)) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a, start)) {
      yield { text: rest.toString('utf8', start, end), whole: true };
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), whole: false };
}
