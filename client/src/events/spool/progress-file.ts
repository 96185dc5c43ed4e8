import { createHmac, type KeyObject } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { constantTimeEqual } from '@sdp/shared/crypto';
import { z } from 'zod';

/** Each of the two places in the file; one sector of any disk, so that a write of it is whole or not there. */
const slotBytes = 512;
const count = z.int().min(0);

/** How far a file that is read has been taken. */
export const inputPositionSchema = z.strictObject({
  /** Keyed digest of what the file is known by: its path and its first bytes. */
  file: z.string().max(64),
  /** How many bytes at its beginning that was. */
  head: count,
  /** Lines, or data rows of CSV, before the next one. */
  rows: count,
  /** Keyed digest of all of them. */
  digest: z.string().max(64),
});
export type InputPosition = z.infer<typeof inputPositionSchema>;

const schema = z.strictObject({
  version: z.literal(1),
  /** How often it was written. */
  writes: count,
  /** Every event with a smaller sequence number was taken by the server, or put aside as refused. */
  settled: count,
  /** Sequence number of the next event. */
  next: count,
  /** How long the newest segment was: nothing before that can be unfinished. */
  end: z.strictObject({ segment: count, bytes: count }).optional(),
  input: inputPositionSchema.optional(),
});
export type Progress = Omit<z.infer<typeof schema>, 'version' | 'writes'>;

/**
 * Remembers how far a spool was delivered. Two places are written in turn, so that one of them is whole whatever happens to
 * the other; what is lost with the newest is that some events are sent again. Authenticated, not sealed: counts stand in it.
 */
export class ProgressFile {
  readonly #handle: FileHandle;
  readonly #key: KeyObject;
  #writes: number;

  private constructor(handle: FileHandle, key: KeyObject, writes: number) {
    this.#handle = handle;
    this.#key = key;
    this.#writes = writes;
  }

  static async open(
    path: string,
    key: KeyObject,
  ): Promise<{ readonly file: ProgressFile; readonly last: Progress | undefined }> {
    const handle = await open(path, 'r+').catch(async () => await open(path, 'wx+', 0o600));
    const bytes = Buffer.alloc(2 * slotBytes);
    await handle.read(bytes, 0, bytes.length, 0);
    const slots = [0, 1].flatMap((slot) => {
      const parsed = readSlot(bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes), key);
      return parsed === undefined ? [] : [parsed];
    });
    const newest = slots.toSorted((a, b) => b.writes - a.writes)[0];
    const file = new ProgressFile(handle, key, newest?.writes ?? 0);
    if (newest === undefined) return { file, last: undefined };
    const { version: _, writes: __, ...last } = newest;
    return { file, last };
  }

  /** A crash of the process loses nothing of it; for a power cut there is {@link sync}. */
  async write(progress: Progress): Promise<void> {
    this.#writes += 1;
    const text = JSON.stringify({ version: 1, writes: this.#writes, ...progress });
    const slot = Buffer.alloc(slotBytes);
    slot.write(`${macOf(this.#key, text)} ${text}\n`, 'latin1');
    await this.#handle.write(slot, 0, slotBytes, (this.#writes % 2) * slotBytes);
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function readSlot(bytes: Buffer, key: KeyObject): z.infer<typeof schema> | undefined {
  const [mac = '', text = ''] = bytes.toString('latin1').split('\n')[0]?.split(/ (.*)/s) ?? [];
  if (!constantTimeEqual(Buffer.from(mac, 'latin1'), Buffer.from(macOf(key, text), 'latin1'))) return undefined;
  // Its own digest stands before it: it was written by this code.
  return schema.parse(JSON.parse(text));
}

function macOf(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text, 'latin1').digest('hex');
}
