import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cell } from '@sdp/shared/contracts';
import type { BatchInput } from '../../batches/index.ts';

/** Some 10 ms of work: other requests of the same process get their turn in between. */
export const rowsPerTurn = 1_024;

type Row = readonly (Cell | undefined)[];

/** Hands out rows in pieces, with a turn for others between them. `firstSeq` counts from 1. */
export async function* rowsInTurns(
  input: BatchInput<'anomaly_detection'>,
): AsyncGenerator<{ readonly firstSeq: number; readonly rows: readonly Row[] }> {
  for await (const { firstSeq, rows } of input.readRecords()) {
    for (let start = 0; start < rows.length; start += rowsPerTurn) {
      await nextTurn();
      input.signal.throwIfAborted();
      yield { firstSeq: firstSeq + start, rows: rows.slice(start, start + rowsPerTurn) };
    }
  }
}
