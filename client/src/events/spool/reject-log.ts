import { existsSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { MasterKey } from '@sdp/shared/crypto';
import { z } from 'zod';
import { Segment, type SegmentIdentity, segmentHeaderBytes } from './segment.ts';
import { spoolDamaged } from './spool-segments.ts';

const rejectSchema = z.strictObject({
  /** ISO 8601, UTC. */
  at: z.string(),
  /** Who refused it: this machine, before it left, or the server. */
  by: z.enum(['client', 'server']),
  /** Line of the input (of CSV: data row), 1-based; missing where the event came from elsewhere. */
  row: z.int().optional(),
  /** Sequence number in the spool, where it had one. */
  sequence: z.int().optional(),
  code: z.string(),
  field: z.string().optional(),
  reason: z.string(),
  /** The event: as it was read where the client refused it, tokenized where the server did. */
  event: z.string(),
});

/** An event that was refused, and why. Everything but `event` may be shown. */
export type Reject = z.infer<typeof rejectSchema>;

/**
 * Events that were refused, sealed as the spool is: what a person gave isn't lost, and stands nowhere in the open.
 * `sdp spool rejects` lists them and writes them out.
 */
export class RejectLog {
  readonly #path: string;
  readonly #identity: SegmentIdentity;
  #segment: Segment | undefined;
  #count = 0;

  private constructor(path: string, identity: SegmentIdentity) {
    this.#path = path;
    this.#identity = identity;
  }

  static async open(path: string, masterKey: MasterKey, spoolId: string): Promise<RejectLog> {
    // Segments of events are numbered from 1.
    const log = new RejectLog(path, { masterKey, spoolId, number: 0 });
    if (!existsSync(path)) return log;
    const segment = await Segment.open(path, log.#identity);
    if (segment === 'damaged') throw spoolDamaged(path);
    if (segment === undefined) {
      await unlink(path);
      return log;
    }
    log.#segment = segment;
    for (let offset = segmentHeaderBytes; ; ) {
      const header = await segment.headerAt(offset);
      if (header === 'end') break;
      const frame = await segment.read(offset);
      if (typeof frame !== 'string') {
        log.#count += frame.count;
        offset = frame.end;
        continue;
      }
      if (typeof header !== 'string' && typeof (await segment.read(header.end)) !== 'string') throw spoolDamaged(path);
      await segment.cut(offset);
      break;
    }
    return log;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#segment?.bytes ?? 0;
  }

  /** Durable once it resolves. */
  async append(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    this.#segment ??= await Segment.create(this.#path, this.#identity);
    const text = rejects.map((reject) => JSON.stringify(reject)).join('\n');
    await this.#segment.append({ first: this.#count, count: rejects.length }, Buffer.from(text, 'utf8'));
    this.#count += rejects.length;
  }

  async *read(): AsyncGenerator<Reject> {
    if (this.#segment === undefined) return;
    for (let offset = segmentHeaderBytes; ; ) {
      const frame = await this.#segment.read(offset);
      if (frame === 'end') return;
      if (frame === 'damaged') throw spoolDamaged(this.#path);
      for (const line of frame.text.toString('utf8').split('\n')) yield rejectSchema.parse(JSON.parse(line));
      offset = frame.end;
    }
  }

  /** Forgets all of them. */
  async clear(): Promise<void> {
    await this.close();
    await unlink(this.#path).catch(() => undefined);
    this.#count = 0;
  }

  async close(): Promise<void> {
    await this.#segment?.close();
    this.#segment = undefined;
  }
}
