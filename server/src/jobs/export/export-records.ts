import type { Cell } from '@sdp/shared/contracts';
import type { Principal } from '../../identity/index.ts';
import type { RecordRow, VersionStore } from '../../records/index.ts';
import type { Jobs, OpenedJob } from '../opened-job.ts';

/** What a column holds all through, as far as a typed format is concerned. */
export type ColumnContent = 'number' | 'boolean' | 'text';

const recordsPerChunk = 1_024;

/**
 * A job's records at their latest versions, in order, each chunk in a transaction of its own: a slow reader holds none open, and
 * a correction made meanwhile is in what is still to come.
 *
 * @throws {IntegrityError} `record-tampered`
 */
export async function* currentRecords(
  jobs: Jobs,
  versions: VersionStore,
  principal: Principal,
  { batch, recorded }: OpenedJob,
): AsyncGenerator<readonly RecordRow[]> {
  for (let first = 1; first <= batch.recordCount; first += recordsPerChunk) {
    const count = Math.min(recordsPerChunk, batch.recordCount - first + 1);
    const seqs = Array.from({ length: count }, (_, i) => first + i);
    const chunk = await jobs.reading(principal, (tx) => versions.current(tx, recorded, seqs));
    yield chunk.map(({ cells }) => cells);
  }
}

/** Reads all of it once, so that nothing is given out of a job that isn't whole, and says what each column holds. */
export async function surveyColumns(
  columnCount: number,
  chunks: AsyncIterable<readonly RecordRow[]>,
): Promise<ColumnContent[]> {
  const contents = Array.from({ length: columnCount }, (): ColumnContent | undefined => undefined);
  for await (const rows of chunks) {
    for (const row of rows) {
      for (let i = 0; i < columnCount; i++) {
        const content = contentOf(row[i]);
        if (content !== undefined && contents[i] !== content)
          contents[i] = contents[i] === undefined ? content : 'text';
      }
    }
  }
  return contents.map((content) => content ?? 'text');
}

function contentOf(cell: Cell | undefined): ColumnContent | undefined {
  if (cell === null || cell === undefined) return undefined;
  if (typeof cell === 'string') return 'text';
  return typeof cell === 'number' ? 'number' : 'boolean';
}
