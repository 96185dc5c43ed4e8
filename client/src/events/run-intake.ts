import { InterruptedError } from '@sdp/shared/errors';
import type { FilePosition } from './file-position.ts';
import type { InputRows } from './input/index.ts';
import type { Intake } from './intake.ts';
import type { EventTreatment } from './treatment/index.ts';

export interface IntakeRun {
  readonly rows: InputRows;
  readonly treat: EventTreatment;
  readonly intake: Intake;
  readonly position: FilePosition | undefined;
  readonly signal: AbortSignal;
}

/** Rows of an input between two looks at whether there is room for more. */
const rowsAtOnce = 128;

/**
 * Takes an input to its end, or until the signal. Reads no faster than there is room for what it reads.
 *
 * @returns whether the end was reached
 */
export async function takeInput({ rows, treat, intake, position, signal }: IntakeRun): Promise<boolean> {
  try {
    for await (const batch of rows) {
      let count = 0;
      for (const { row, value, refused, text } of batch) {
        if (position?.pass(row, text) === true) continue;
        const treated = refused === undefined ? treat(value, row) : { refused };
        if ('event' in treated) intake.add(treated.event);
        else intake.refuse(treated.refused, row, text);
        count += 1;
        if (count % rowsAtOnce === 0) await intake.ready();
        if (signal.aborted) return false;
      }
      await intake.ready();
    }
    position?.end();
    return true;
  } catch (error) {
    if (error instanceof InterruptedError || signal.aborted) return false;
    throw error;
  }
}
