import { createHmac } from 'node:crypto';
import { open } from 'node:fs/promises';
import { InterruptedError } from '@sdp/shared/errors';
import type { InputRows } from './input/index.ts';
import type { Intake } from './intake.ts';
import type { InputPosition, Spool } from './spool/index.ts';
import type { EventTreatment } from './treatment/index.ts';

const headBytes = 1_024;

/** Where in a file events were taken from so far, and how it is written down. */
export class FilePosition {
  readonly #file: string;
  readonly #head: number;
  /** Rows that an earlier run has taken already. */
  readonly takenRows: number;

  private constructor(file: string, head: number, takenRows: number) {
    this.#file = file;
    this.#head = head;
    this.takenRows = takenRows;
  }

  /** Known by its path and its first bytes, so that a file that has grown is still the same. */
  static async of(path: string, spool: Spool, { restart }: { readonly restart: boolean }): Promise<FilePosition> {
    const handle = await open(path, 'r');
    try {
      const key = spool.keyFor('input');
      const bytes = Buffer.alloc(headBytes);
      const { bytesRead } = await handle.read(bytes, 0, headBytes, 0);
      const digestOf = (head: number) =>
        createHmac('sha256', key).update(`${path}\n${head}\n`).update(bytes.subarray(0, head)).digest('hex');
      const before = restart ? undefined : spool.input;
      const same = before !== undefined && before.head <= bytesRead && before.file === digestOf(before.head);
      if (same) return new FilePosition(before.file, before.head, before.rows);
      return new FilePosition(digestOf(bytesRead), bytesRead, 0);
    } finally {
      await handle.close();
    }
  }

  after(row: number): InputPosition {
    return { file: this.#file, head: this.#head, rows: row };
  }
}

export interface IntakeRun {
  readonly rows: InputRows;
  readonly treat: EventTreatment;
  readonly intake: Intake;
  /** Rows to pass over. */
  readonly skipRows: number;
  readonly signal: AbortSignal;
  readonly onRows?: (row: number) => void;
}

/** Rows of an input between two looks at whether there is room for more. */
const rowsAtOnce = 128;

/**
 * Takes an input to its end, or until the signal. Reads no faster than there is room for what it reads.
 *
 * @returns whether the end was reached
 */
export async function takeInput({ rows, treat, intake, skipRows, signal, onRows }: IntakeRun): Promise<boolean> {
  try {
    for await (const batch of rows) {
      let count = 0;
      for (const { row, value, refused, text } of batch) {
        if (row <= skipRows) continue;
        const treated = refused === undefined ? treat(value, row) : { refused };
        if ('event' in treated) intake.add(treated.event, row);
        else intake.refuse(treated.refused, row, text);
        count += 1;
        if (count % rowsAtOnce === 0) await intake.ready();
        if (signal.aborted) return false;
      }
      await intake.ready();
      onRows?.(batch.at(-1)?.row ?? 0);
    }
    return true;
  } catch (error) {
    if (error instanceof InterruptedError || signal.aborted) return false;
    throw error;
  }
}
