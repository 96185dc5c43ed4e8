import type { Cell } from '@sdp/shared/contracts';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { RecordRow } from '../../records/index.ts';
import type { ColumnContent } from './export-records.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** Bounds on what is held before a row group is written. */
const rowsPerGroup = 32_768;
const unitsPerGroup = 8 << 20;

/**
 * Parquet (github.com/apache/parquet-format), a row group at a time. A column that holds numbers alone is DOUBLE, one of
 * booleans BOOLEAN, any other a UTF-8 string; what is null or absent is null.
 */
export async function* asParquet(
  columns: readonly string[],
  contents: readonly ColumnContent[],
  chunks: AsyncIterable<readonly RecordRow[]>,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: schemaOf(columns, contents),
    statistics: false,
    createdBy: 'sdp',
  });
  let group: RecordRow[] = [];
  let units = 0;
  const writeGroup = (): Uint8Array => {
    const columnData = columns.map((name, i) => ({
      name,
      data: group.map((row) => parquetValue(row[i], contents[i] ?? 'text')),
      offsetIndex: false,
    }));
    void parquet.write({ columnData, rowGroupSize: rowsPerGroup });
    group = [];
    units = 0;
    return taken(writer);
  };
  for await (const rows of chunks) {
    for (const row of rows) {
      group.push(row);
      for (const cell of row) units += typeof cell === 'string' ? cell.length : 8;
      if (group.length === rowsPerGroup || units >= unitsPerGroup) yield writeGroup();
    }
  }
  if (group.length > 0) yield writeGroup();
  void parquet.finish();
  yield taken(writer);
}

/** Takes out what has been written. Offsets go on counting. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}

function schemaOf(columns: readonly string[], contents: readonly ColumnContent[]): SchemaElement[] {
  const leaves = columns.map((name, i): SchemaElement => {
    const content = contents[i];
    if (content === 'number') return { name, type: 'DOUBLE', repetition_type: 'OPTIONAL' };
    if (content === 'boolean') return { name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' };
    return { name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' };
  });
  return [{ name: 'root', num_children: columns.length }, ...leaves];
}

function parquetValue(cell: Cell | undefined, content: ColumnContent): string | number | boolean | null {
  if (cell === null || cell === undefined) return null;
  return content === 'text' ? String(cell) : cell;
}
