import type { CsvEdits, TablePosition } from './csv-types.ts';
import type { OutputBuffer } from './output-buffer.ts';

/** Puts edits into effect, as far as the bytes at hand reach; each format has its own. */
export interface Rewriter {
  /** Data rows so far. */
  readonly rows: number;
  /** Until the output is full, until more bytes are needed, or up to a place from which the work can be taken up again. */
  rewrite(): 'full' | 'starved' | TablePosition;
  /** Copies what no edit touches, to the last whole row or to the end of the bytes at hand. */
  copyRest(everything: boolean): void;
  /** To be called after each fill, which moves the bytes. */
  restart(): void;
}

interface Input {
  /** @returns false at the end */
  fill(): Promise<boolean>;
  inputBytes(): number;
}

/** Takes a rewriter from where it stands to the end of its input, with back-pressure, progress and checkpoints. */
export async function runRewriter(
  rewriter: Rewriter,
  input: Input,
  out: OutputBuffer,
  { checkpoints, afterChunk }: Pick<CsvEdits, 'checkpoints' | 'afterChunk'>,
): Promise<void> {
  for (let more = true; ; ) {
    for (;;) {
      const stopped = rewriter.rewrite();
      if (stopped === 'starved') break;
      if (stopped === 'full') await out.flush();
      else {
        await out.drain();
        await checkpoints?.reached(stopped);
      }
    }
    rewriter.copyRest(!more);
    if (!more) break;
    await afterChunk?.({ rows: rewriter.rows, inputBytes: input.inputBytes() });
    more = await input.fill();
    rewriter.restart();
  }
  await out.drain();
  await afterChunk?.({ rows: rewriter.rows, inputBytes: input.inputBytes() });
}
