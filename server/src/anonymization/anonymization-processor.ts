import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Anonymization, ColumnEncoder } from '@sdp/shared/anonymization';
import type { AnonymizationResult } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary, RecordChunk } from '../batches/index.ts';
import { algorithmVersions, anonymizeColumns } from './anonymization-rules.ts';
import { releaseReport } from './release-report.ts';

/** Cells of quasi-identifiers and sensitive columns that are held in memory at once, 4 bytes each beside the distinct texts. */
const mostCells = 50_000_000;

/** Generalizes a batch's quasi-identifiers until it is k-anonymous, and as diverse and close as was asked. */
export function anonymizationProcessor(): BatchProcessor<'anonymization'> {
  return { processingType: 'anonymization', role: 'anonymization', process: anonymizeBatch };
}

async function anonymizeBatch(input: BatchInput<'anonymization'>, emit: EmitResults): Promise<ProcessingSummary> {
  const { params } = input;
  const names = [...new Set(params.quasi_identifiers)];
  const sensitive = [...new Set(params.sensitive ?? [])];
  assertApart(names, sensitive);
  const read = [...names, ...sensitive];
  const indices = read.map((name) => columnIndex(input.columns, name));
  if (read.length * input.recordCount > mostCells) {
    throw new InputError('batch-unprocessable', {
      message: 'the batch has too many cells of quasi-identifiers to be anonymized at once',
      remedy: `Split it: at most ${mostCells} records times quasi-identifiers and sensitive columns.`,
    });
  }
  const encoders = read.map((name) => new ColumnEncoder(name));
  for await (const { rows } of input.readRecords()) {
    input.signal.throwIfAborted();
    for (const cells of rows) {
      for (const [position, encoder] of encoders.entries())
        encoder.add(String(cells[indices[position] as number] ?? ''));
    }
  }
  const columns = encoders.map((encoder) => encoder.finish());
  const [quasi, judged] = [columns.slice(0, names.length), columns.slice(names.length)];
  const anonymization = await inTurns(anonymizeColumns(quasi, judged, params), input.signal);
  const counts = { generalized: 0, suppressed: 0 };
  const valuesOfClass = anonymization.classes.map(({ values }) =>
    Object.fromEntries(names.map((name, position) => [name, values[position] as string])),
  );
  for await (const chunk of input.readRecords()) {
    input.signal.throwIfAborted();
    const results = resultsOf(chunk, anonymization, valuesOfClass, input.keyIndex);
    for (const { status } of results) counts[status] += 1;
    await emit(results);
  }
  const release = await releaseReport(anonymization, quasi, judged, params.k);
  return { modelVersion: algorithmVersions[params.algorithm ?? 'mondrian'], counts, release };
}

function resultsOf(
  { firstSeq, rows }: RecordChunk,
  { classOf, classes }: Anonymization,
  valuesOfClass: readonly Record<string, string>[],
  keyIndex: number,
): AnonymizationResult[] {
  return rows.map((cells, offset) => {
    const position = classOf[firstSeq - 1 + offset] as number;
    const released = classes[position];
    const values = valuesOfClass[position] ?? {};
    const base = { seq: firstSeq + offset, key: cells[keyIndex] ?? null };
    return released && !released.suppressed
      ? { ...base, status: 'generalized', values, class_size: released.size }
      : { ...base, status: 'suppressed', values, class_size: null };
  });
}

/** Runs the steps to the end, one a turn of the event loop. */
async function inTurns<T>(steps: Generator<void, T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const step = steps.next();
    if (step.done) return step.value;
    await nextTurn();
  }
}

/** What is released can't be kept from anybody as well. */
function assertApart(names: readonly string[], sensitive: readonly string[]): void {
  const both = names.find((name) => sensitive.includes(name));
  if (both === undefined) return;
  throw new InputError('batch-unprocessable', {
    message: 'a column is named as a quasi-identifier and as sensitive',
    details: { column: both },
  });
}

function columnIndex(columns: readonly string[], name: string): number {
  const index = columns.indexOf(name);
  if (index >= 0) return index;
  throw new InputError('batch-unprocessable', {
    message: 'a quasi-identifier or sensitive column is not a column of the batch',
    details: { column: name },
  });
}
