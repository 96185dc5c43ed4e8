import type { MessageAction, MessageAudit, MessageAuditEvent } from '@sdp/shared/messaging';
import type { Logger } from 'pino';
import { type AuditRow, rowOf } from './audit-row.ts';
import type { AuditStore } from './audit-store.ts';
import { AuditSummary } from './audit-summary.ts';

export interface MessageAuditTrailOptions {
  readonly store: AuditStore;
  readonly logger: Pick<Logger, 'warn'>;
  /** `summary`: messages that went their way are summed up; `each`: they have a row each, and wait for it. */
  readonly mode: 'summary' | 'each';
  /** How often sums are written; 5 s where left out. */
  readonly flushMs?: number;
}

interface WaitingRows {
  readonly rows: readonly AuditRow[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What people look for one by one. */
const always: ReadonlySet<MessageAction> = new Set(['refused', 'failed', 'replayed', 'discarded']);

/**
 * The audit trail of messages in the database. A message that was refused, given up or replayed is settled only when its row is
 * written; what waits meanwhile is written with one statement. All others are summed up, unless each is to have its row.
 */
export class MessageAuditTrail implements MessageAudit {
  readonly #options: MessageAuditTrailOptions;
  readonly #summary = new AuditSummary();
  readonly #timer: NodeJS.Timeout;
  /** Sums that could not be written yet. */
  #unwritten: AuditRow[] = [];
  #waiting: WaitingRows[] = [];
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: MessageAuditTrailOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), options.flushMs ?? 5_000).unref();
  }

  record(event: MessageAuditEvent): Promise<void> | void {
    return this.recordAll([event]);
  }

  recordAll(events: readonly MessageAuditEvent[]): Promise<void> | void {
    const rows: AuditRow[] = [];
    for (const event of events) {
      if (this.#options.mode === 'each' || always.has(event.action)) rows.push(rowOf(event));
      else this.#summary.add(event);
    }
    if (rows.length > 0) return this.#write(rows);
  }

  /** Writes what was summed up. Never rejects: what can't be written is kept for the next time. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  /** Writes the rest. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.flush();
    if (this.#unwritten.length > 0) {
      const messages = this.#unwritten.reduce((sum, row) => sum + row.messages, 0);
      this.#options.logger.warn({ messages }, 'the audit trail lacks the last messages');
    }
  }

  async #flush(): Promise<void> {
    // While some can't be written, all others go on being summed up: their number stays bounded.
    const rows = this.#unwritten.length > 0 ? this.#unwritten : this.#summary.take();
    if (rows.length === 0) return;
    try {
      await this.#options.store.insert(rows);
      this.#unwritten = [];
    } catch {
      this.#unwritten = rows;
      this.#options.logger.warn({ rows: rows.length }, 'audit trail could not be written, it will be tried again');
      return;
    }
    if (!this.#summary.isEmpty) await this.#flush();
  }

  #write(rows: readonly AuditRow[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ rows, resolve, reject });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const calls = this.#waiting.splice(0, maxCalls);
      try {
        await this.#options.store.insert(calls.flatMap(({ rows }) => rows));
        for (const { resolve } of calls) resolve();
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
  }
}

const maxCalls = 1_000;
