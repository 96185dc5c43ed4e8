import type { SchemaElement } from 'hyparquet';
import type { ByteSink } from '../csv/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import { scalarOfText } from '../ndjson/scalar-text.ts';
import { fieldTreeText } from './field-text.ts';
import type { ReleasedColumn } from './release-rows.ts';

const rowsPerChunk = 5_000;
const rowsPerGroup = 100_000;

/** Writes a release in the format of its input; CSV in UTF-8, whatever the input's encoding was. */
export async function writeRelease(
  columns: readonly ReleasedColumn[],
  records: Uint32Array,
  format: ManifestFormat,
  sink: ByteSink,
  signal: AbortSignal,
): Promise<void> {
  if (format.kind === 'parquet') return writeParquet(columns, records, format, sink);
  const lineOf = format.kind === 'csv' ? csvLines(format.delimiter) : jsonLines(columns, format);
  if (format.kind === 'csv') await sink.write(Buffer.from(lineOf(columns.map(({ name }) => name))));
  for (let start = 0; start < records.length; start += rowsPerChunk) {
    signal.throwIfAborted();
    let text = '';
    for (const record of records.subarray(start, start + rowsPerChunk)) {
      text += lineOf(columns.map((column) => column.text(record)));
    }
    await sink.write(Buffer.from(text));
  }
}

function csvLines(delimiter: string): (cells: readonly string[]) => string {
  const special = new RegExp(`["\\r\\n]|^\\s|\\s$|${delimiter.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`);
  const cellText = (cell: string) => (special.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return (cells) => {
    // A row of one empty cell would be a blank line.
    if (cells.length === 1 && cells[0] === '') return '""\n';
    return `${cells.map(cellText).join(delimiter)}\n`;
  };
}

/** Values keep the type that their field mostly had; generalized ones are strings, missing ones `null`. */
function jsonLines(columns: readonly ReleasedColumn[], format: Extract<ManifestFormat, { kind: 'ndjson' }>) {
  const types = columns.map(({ name, isOriginal }) => (isOriginal ? (format.types[name] ?? 'string') : 'string'));
  const objectText = fieldTreeText(columns.map(({ name }) => name));
  return (cells: readonly string[]) =>
    `${objectText(cells.map((cell, index) => (cell === '' ? 'null' : scalarOfText(cell, types[index] ?? 'string', format.spelling))))}\n`;
}

async function writeParquet(
  columns: readonly ReleasedColumn[],
  records: Uint32Array,
  format: Extract<ManifestFormat, { kind: 'parquet' }>,
  sink: ByteSink,
): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const { elementFor, valueOfText } = await import('../parquet/column-text.ts');
  const writer = new ByteWriter();
  const types = columns.map(({ name, isOriginal }) => (isOriginal ? (format.types[name] ?? 'string') : 'string'));
  const elements = columns.map(
    ({ name }, index): SchemaElement => elementFor({ name, repetition_type: 'OPTIONAL' }, types[index] ?? 'string'),
  );
  const parquet = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: columns.length }, ...elements],
    // They would tell the smallest and the largest value.
    statistics: false,
  });
  for (let start = 0; start < records.length; start += rowsPerGroup) {
    const part = records.subarray(start, start + rowsPerGroup);
    const columnData = columns.map((column, index) => ({
      name: column.name,
      data: Array.from(part, (record) => {
        const text = column.text(record);
        if (text === '') return null;
        const type = types[index] ?? 'string';
        const value = valueOfText(text, type, column.name);
        return type === 'date' ? new Date(Number(value) * 86_400_000) : value;
      }),
    }));
    await parquet.write({ columnData, rowGroupSize: part.length });
  }
  await parquet.finish();
  await sink.write(writer.getBytes());
}
