import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { randomId } from '@sdp/shared/crypto';
import { IntegrityError, SdpError, VaultError } from '@sdp/shared/errors';
import { appendDurably } from '../files/index.ts';
import type { Vault } from '../vault/index.ts';
import {
  type AuditHead,
  type KnownHeads,
  lostHeads,
  makeHeadFolder,
  readHeads,
  removeHead,
  writeHead,
} from './audit-head.ts';
import { type AuditEvent, type AuditLine, type BeginEvent, encodeLine, noLine, openLine } from './log-line.ts';
import { withLogLock } from './log-lock.ts';
import type { LogPlace } from './log-place.ts';

/** Longer than any line: names and reasons are bounded. */
const tailBytes = 256 * 1024;

/** A vault, as far as it remembers where the log ends. */
export type HeadKeeper = Pick<Vault, 'auditHead' | 'rememberAuditHead'>;

export interface AuditLogOptions {
  readonly place: LogPlace;
  readonly vaultId: string;
  readonly key: KeyObject;
  /** Where the head is kept as well. */
  readonly vault?: HeadKeeper;
  readonly now?: () => Date;
}

/**
 * The log of one vault. Each append takes the log's lock, checks that the log still ends where its head says, and is
 * on the disk, line and head, when it returns.
 */
export class AuditLog {
  readonly #place: LogPlace;
  readonly #vaultId: string;
  readonly #key: KeyObject;
  readonly #vault: HeadKeeper | undefined;
  readonly #now: () => Date;

  constructor({ place, vaultId, key, vault, now = () => new Date() }: AuditLogOptions) {
    this.#place = place;
    this.#vaultId = vaultId;
    this.#key = key;
    this.#vault = vault;
    this.#now = now;
  }

  get path(): string {
    return this.#place.logPath;
  }

  /**
   * @returns the line as it was written
   * @throws {VaultError} `audit-unwritable`
   * @throws {IntegrityError} `audit-tampered` when the log doesn't end where its head says
   */
  append(event: AuditEvent): AuditLine {
    return this.#writing(() => {
      const last = this.#lastLine() ?? this.#write(undefined, { event: 'begin', vault: this.#vaultId });
      const line = this.#write(last, event);
      this.#vault?.rememberAuditHead(this.#headOf(line));
      return line;
    });
  }

  /**
   * Begins a new log whose first line says why. The old one, whatever state it is in, stays beside it.
   *
   * @param sha256 digest of the old log
   * @returns where the old log is now, if there was one
   */
  restart(by: Pick<BeginEvent, 'reason' | 'operator' | 'host'>, sha256: string | undefined): string | undefined {
    return this.#writing(() => {
      const { logPath } = this.#place;
      const stamp = this.#now()
        .toISOString()
        .replaceAll(/[-:]|\.\d+/g, '');
      const aside = existsSync(logPath) ? freeName(`${logPath}.${stamp}`) : undefined;
      const old = this.#readTail();
      const lost = lostHeads(this.#heads(), old === undefined ? undefined : openLine(this.#key, old)?.log);
      if (aside !== undefined) renameSync(logPath, aside);
      const line = this.#write(undefined, {
        event: 'begin',
        vault: this.#vaultId,
        ...by,
        ...(aside === undefined || sha256 === undefined ? {} : { predecessor: { file: basename(aside), sha256 } }),
        ...(lost.length === 0 ? {} : { lost: lost.map(({ path, log, seq }) => ({ file: basename(path), log, seq })) }),
      });
      const head = this.#headOf(line);
      const isSealed = this.#vault?.rememberAuditHead(head) ?? true;
      for (const { path } of lost) {
        removeHead(this.#place, { ...head, path });
        // A vault that may not be written goes on remembering it: as if that log had moved here, then.
        if (!isSealed) writeHead(this.#key, this.#place, { ...head, path });
      }
      return aside;
    });
  }

  #writing<T>(work: () => T): T {
    try {
      makeHeadFolder(this.#place);
      mkdirSync(dirname(this.#place.logPath), { recursive: true });
      return withLogLock(this.#place, work);
    } catch (error) {
      if (error instanceof SdpError) throw error;
      // The system's message repeats the path and nothing else; the code is enough to act on.
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === undefined ? '' : ` (${code})`;
      throw new VaultError('audit-unwritable', {
        message: `The audit log cannot be written${reason}, so nothing was revealed`,
        details: { file: this.#place.logPath },
      });
    }
  }

  /** The last line, checked against the head; `undefined` where the log is yet to begin. */
  #lastLine(): AuditLine | undefined {
    const known = this.#heads();
    const { here, elsewhere, isHereDamaged } = known;
    if (isHereDamaged) throw tampered('The head of the audit log was changed', this.#place.headFolder);
    const tail = this.#readTail({ repair: true });
    if (tail === undefined) {
      if (here !== undefined) throw tampered('The audit log was removed', this.path);
      assertNoneLost(known, undefined);
      return undefined;
    }
    const last = openLine(this.#key, tail);
    if (last === undefined) {
      throw tampered('The last line of the audit log was changed, or is of another vault', this.path);
    }
    const moved = here === undefined ? elsewhere.filter(({ log, path }) => log === last.log && !existsSync(path)) : [];
    for (const head of [here, ...moved]) assertContinues(last, head, this.path);
    assertNoneLost(known, last.log);
    return last;
  }

  #heads(): KnownHeads {
    return readHeads(this.#key, this.#place, this.#vaultId, this.#vault?.auditHead());
  }

  /** Text of the last whole line, without its line feed. A line that a crash cut short was never acted on: `repair` removes it. */
  #readTail({ repair = false } = {}): string | undefined {
    if (!existsSync(this.path)) return undefined;
    const file = openSync(this.path, repair ? 'r+' : 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, tailBytes));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      const end = bytes.lastIndexOf(0x0a);
      if (repair && end + 1 < bytes.length) ftruncateSync(file, size - bytes.length + end + 1);
      if (end === -1) return undefined;
      const start = end === 0 ? 0 : bytes.lastIndexOf(0x0a, end - 1) + 1;
      return bytes.toString('utf8', start, end);
    } finally {
      closeSync(file);
    }
  }

  #write(last: AuditLine | undefined, event: AuditEvent): AuditLine {
    const { text, ...line } = encodeLine(
      this.#key,
      {
        seq: (last?.seq ?? 0) + 1,
        log: last?.log ?? randomId(),
        time: this.#now().toISOString(),
        prev: last?.mac ?? noLine,
      },
      event,
    );
    appendDurably(this.path, text, this.#place.mode);
    writeHead(this.#key, this.#place, this.#headOf(line));
    return line as AuditLine;
  }

  #headOf({ log, seq, mac }: Pick<AuditLine, 'log' | 'seq' | 'mac'>): AuditHead {
    return { vault: this.#vaultId, log, path: this.path, seq, last: mac };
  }
}

function assertContinues(last: AuditLine, head: AuditHead | undefined, path: string): void {
  if (head === undefined) return;
  if (head.log !== last.log) throw tampered('The audit log was replaced by another one', path);
  if (head.seq > last.seq) throw tampered('The end of the audit log is missing, or it is an older copy', path);
  if (head.seq === last.seq && head.last !== last.mac) throw tampered('The end of the audit log was replaced', path);
}

function assertNoneLost(known: KnownHeads, log: string | undefined): void {
  const [lost] = lostHeads(known, log);
  if (lost === undefined) return;
  throw new IntegrityError('audit-tampered', {
    message: 'An audit log of this vault is not where it was written',
    remedy:
      'Put it back. If the vault came here without it, or it is lost, say so in a new one: `sdp vault audit restart --reason TEXT`.',
    details: { file: lost.path },
  });
}

function freeName(path: string): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? path : `${path}-${n}`;
    if (!existsSync(name)) return name;
  }
}

function tampered(message: string, file: string): IntegrityError {
  return new IntegrityError('audit-tampered', { message, details: { file } });
}
