import { open } from 'node:fs/promises';
import { InputError, SdpError } from '@sdp/shared/errors';
import {
  type AsyncBuffer,
  type ColumnChunk,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import { parquetReadColumn } from 'hyparquet/src/read.js';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { ByteSink, ColumnEdit } from '../csv/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import type { TableInput, TablePlan, TableSummary } from '../tables/table.ts';
import { codecFor, compressors, decompressors } from './codecs.ts';
import { elementFor, textOfValue, textTypeOf, valueOfText } from './column-text.ts';
import type { ParquetTextType } from './parquet-types.ts';
import { rewriteColumn } from './rewrite-column.ts';

const magic = Buffer.from('PAR1');
const copyBytes = 4 << 20;

export interface RewriteParquetOptions {
  readonly signal: AbortSignal;
  /** Where values are put back: the types they had. */
  readonly described?: Extract<ManifestFormat, { kind: 'parquet' }>;
}

/** A column at the top of the schema. */
interface TopColumn {
  readonly name: string;
  /** Its element and those below it. */
  readonly elements: readonly SchemaElement[];
  /** What its values' texts say; `undefined` where it has none, as lists and structures. */
  readonly textType: ParquetTextType | 'string' | undefined;
}

/**
 * Copies a Parquet file (github.com/apache/parquet-format), a row group at a time. The pages of columns that stay are
 * copied byte for byte; a column that is replaced is written anew, as strings. Statistics and indexes, which hold values
 * of the original, are left out.
 *
 * @throws {InputError} `parquet-invalid`, `parquet-type`, `format-unsupported` for stdin and compressed files
 */
export async function rewriteParquet(
  table: TableInput,
  sink: ByteSink,
  plan: TablePlan,
  options: RewriteParquetOptions,
): Promise<TableSummary> {
  const { path, sizeBytes = 0 } = table.file;
  if (path === undefined || table.compression !== 'none') {
    throw new InputError('format-unsupported', {
      message: 'A Parquet file is read from its end and must be a file, not compressed as a whole',
      remedy: 'Save it uncompressed and name it with --input.',
    });
  }
  const handle = await open(path, 'r');
  const slice = async (start: number, end = sizeBytes) => {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    if (bytesRead !== bytes.length) throw new InputError('parquet-invalid', { message: 'The Parquet file is cut off' });
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  try {
    return await new Rewriting({ byteLength: sizeBytes, slice }, sink, options).run(plan);
  } catch (error) {
    if (error instanceof SdpError || options.signal.aborted) throw error;
    // The library's messages may quote what they stumbled over.
    throw isSystemError(error) ? error : new InputError('parquet-invalid');
  } finally {
    await handle.close();
  }
}

class Rewriting {
  readonly #file: AsyncBuffer;
  readonly #sink: ByteSink;
  readonly #options: RewriteParquetOptions;
  #written = 0;

  constructor(file: AsyncBuffer, sink: ByteSink, options: RewriteParquetOptions) {
    this.#file = file;
    this.#sink = sink;
    this.#options = options;
  }

  async run(plan: TablePlan): Promise<TableSummary> {
    const metadata = await parquetMetadataAsync(this.#file, { geoparquet: false });
    const columns = topColumns(metadata.schema);
    const header = columns.map(({ name }) => name);
    const { edits = [], append, restores = false, afterChunk } = await plan(header);
    if (append !== undefined)
      throw new InputError('format-unsupported', { message: 'Columns cannot be added to Parquet' });
    const dropped = new Set(edits.flatMap(({ index, replace }) => (replace === 'drop' ? [index] : [])));
    const replaced = new Map(edits.flatMap((edit) => (edit.replace === 'drop' ? [] : [[edit.index, edit] as const])));
    const types = this.#typesOf(columns, replaced, restores);
    await this.#write(magic);
    const groups: RowGroup[] = [];
    let rows = 0;
    for (const group of metadata.row_groups) {
      this.#options.signal.throwIfAborted();
      groups.push(await this.#rewriteGroup(group, { metadata, columns, dropped, replaced, types, rows }));
      rows += Number(group.num_rows);
      await afterChunk?.({ rows, inputBytes: this.#written });
    }
    const unchanged = dropped.size === 0 && [...types].every(([, { from, to }]) => from === to);
    await this.#writeFooter({
      ...metadata,
      schema: schemaWith(metadata.schema[0] as SchemaElement, columns, dropped, types),
      row_groups: groups,
      // What other readers wrote of the types would contradict those that there are now.
      key_value_metadata: unchanged
        ? metadata.key_value_metadata
        : metadata.key_value_metadata?.filter(({ key }) => key !== 'ARROW:schema' && key !== 'pandas'),
    } as FileMetaData);
    const restorable = [...types].flatMap(([index, { from }]) =>
      from === 'string' || restores ? [] : [[header[index] as string, from] as const],
    );
    return { header, rows, respelled: 0, format: { kind: 'parquet', types: Object.fromEntries(restorable) } };
  }

  #typesOf(columns: readonly TopColumn[], replaced: ReadonlyMap<number, ColumnEdit>, restores: boolean): TypeChanges {
    const described = this.#options.described?.types ?? {};
    const types = new Map<number, { from: ParquetTextType | 'string'; to: ParquetTextType | 'string' }>();
    for (const index of replaced.keys()) {
      const { name, textType: from } = columns[index] as TopColumn;
      if (from === undefined) {
        // Where tokens are looked for in all columns, those that can't hold any are passed over.
        if (restores) continue;
        throw new InputError('parquet-type', {
          message: `Column ${index + 1} is of a type whose values have no text that brings them back`,
          details: { column: name, columnIndex: index },
        });
      }
      const back = Object.hasOwn(described, name) ? described[name] : undefined;
      if (restores && back === undefined && from !== 'string') continue;
      types.set(index, { from, to: restores ? (back ?? 'string') : 'string' });
    }
    return types;
  }

  async #rewriteGroup(group: RowGroup, job: GroupJob): Promise<RowGroup> {
    const { metadata, columns, dropped, replaced, types, rows } = job;
    const rowCount = Number(group.num_rows);
    const texts = new Map<number, string[]>();
    const nulls = new Map<number, boolean[]>();
    // Only edits of these two kinds never look at the other cells of the row.
    const looksAround = [...types.keys()].some(
      (index) => !replaced.get(index)?.plain && !replaced.get(index)?.replaceMany,
    );
    for (const [index, { name, textType }] of columns.entries()) {
      if (textType === undefined || !(types.has(index) || (looksAround && !dropped.has(index)))) continue;
      const values = await parquetReadColumn({
        file: this.#file,
        metadata,
        columns: [name],
        rowStart: rows,
        rowEnd: rows + rowCount,
        compressors: decompressors,
        parsers: { stringFromBytes: strictText, dateFromDays: (days: number) => days as unknown as Date },
        geoparquet: false,
      });
      const own = Array.from(values as ArrayLike<unknown>);
      if (own.length !== rowCount) throw new InputError('parquet-invalid');
      texts.set(
        index,
        own.map((value) => textOfValue(value, textType)),
      );
      nulls.set(
        index,
        own.map((value) => value === null || value === undefined),
      );
    }
    const chunks: ColumnChunk[] = [];
    for (const [index, column] of columns.entries()) {
      if (dropped.has(index)) continue;
      const type = types.get(index);
      const own = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === column.name);
      if (type === undefined) {
        for (const chunk of own) chunks.push(await this.#copyChunk(chunk));
        continue;
      }
      const before = texts.get(index) ?? [];
      const after = rewriteColumn(replaced.get(index) as ColumnEdit, texts, {
        firstRow: rows + 1,
        width: columns.length,
      });
      const values = after.map((text, at) =>
        nulls.get(index)?.[at] ? null : valueOfText(text ?? before[at] ?? '', type.to, column.name),
      );
      chunks.push(await this.#writeChunk(column, type.to, values, own[0]?.meta_data));
    }
    const sum = (pick: (meta: ColumnMetaData) => bigint) =>
      chunks.reduce((total, { meta_data }) => total + (meta_data === undefined ? 0n : pick(meta_data)), 0n);
    return {
      columns: chunks,
      total_byte_size: sum((meta) => meta.total_uncompressed_size),
      total_compressed_size: sum((meta) => meta.total_compressed_size),
      num_rows: group.num_rows,
    };
  }

  async #copyChunk({ meta_data: meta, file_path }: ColumnChunk): Promise<ColumnChunk> {
    if (meta === undefined || file_path !== undefined) {
      throw new InputError('parquet-invalid', { message: 'A column is encrypted or stands in another file' });
    }
    const starts = [meta.data_page_offset, meta.dictionary_page_offset, meta.index_page_offset].filter(
      (offset) => offset !== undefined && offset > 0n,
    ) as bigint[];
    const start = starts.reduce((least, offset) => (offset < least ? offset : least));
    const shift = BigInt(this.#written) - start;
    const end = Number(start + meta.total_compressed_size);
    for (let at = Number(start); at < end; at += copyBytes) {
      await this.#write(new Uint8Array(await this.#file.slice(at, Math.min(at + copyBytes, end))));
    }
    return { file_offset: start + shift, meta_data: movedBy(withoutIndexes(meta), shift) };
  }

  async #writeChunk(
    { name, elements }: TopColumn,
    type: ParquetTextType | 'string',
    values: readonly unknown[],
    old: ColumnMetaData | undefined,
  ): Promise<ColumnChunk> {
    const writer = new ByteWriter();
    // Dates are their days here; the annotation that says so stands in the file's own schema.
    const { converted_type, logical_type, ...bare } = elementFor(elements[0] as SchemaElement, type);
    const element = type === 'string' ? { ...bare, converted_type, logical_type } : bare;
    const parquet = new ParquetWriter({
      writer,
      schema: [{ name: 'root', num_children: 1 }, element as SchemaElement],
      codec: codecFor(old?.codec ?? 'SNAPPY'),
      compressors,
      // They would tell the smallest and the largest value.
      statistics: false,
    });
    await parquet.write({ columnData: [{ name, data: [...values], offsetIndex: false }], rowGroupSize: values.length });
    const meta = parquet.row_groups[0]?.columns[0]?.meta_data as ColumnMetaData;
    const start = meta.dictionary_page_offset ?? meta.data_page_offset;
    const shift = BigInt(this.#written) - start;
    const bytes = writer.getBytes().subarray(Number(start), Number(start + meta.total_compressed_size));
    await this.#write(bytes);
    return { file_offset: start + shift, meta_data: movedBy(withoutIndexes(meta), shift) };
  }

  async #writeFooter(metadata: FileMetaData): Promise<void> {
    const writer = new ByteWriter();
    writeMetadata(writer, metadata);
    writer.appendBytes(magic);
    await this.#write(writer.getBytes());
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#sink.write(bytes);
    this.#written += bytes.length;
  }
}

/** By column: the text type that it has, and the one that it gets. */
type TypeChanges = ReadonlyMap<
  number,
  { readonly from: ParquetTextType | 'string'; readonly to: ParquetTextType | 'string' }
>;

interface GroupJob {
  readonly metadata: FileMetaData;
  readonly columns: readonly TopColumn[];
  readonly dropped: ReadonlySet<number>;
  readonly replaced: ReadonlyMap<number, ColumnEdit>;
  readonly types: TypeChanges;
  /** Before the group. */
  readonly rows: number;
}

function topColumns(schema: readonly SchemaElement[]): TopColumn[] {
  const columns: TopColumn[] = [];
  for (let at = 1; at < schema.length; ) {
    const from = at;
    for (let open = 1; open > 0; at++) open += (schema[at]?.num_children ?? 0) - 1;
    const elements = schema.slice(from, at);
    const [element] = elements as [SchemaElement];
    const isFlat = elements.length === 1 && element.repetition_type !== 'REPEATED';
    columns.push({ name: element.name, elements, textType: isFlat ? textTypeOf(element) : undefined });
  }
  return columns;
}

function schemaWith(
  root: SchemaElement,
  columns: readonly TopColumn[],
  dropped: ReadonlySet<number>,
  types: TypeChanges,
): SchemaElement[] {
  const kept = columns.flatMap(({ elements }, index) => {
    if (dropped.has(index)) return [];
    const type = types.get(index);
    const isSame = type === undefined || type.from === type.to;
    return [isSame ? elements : [elementFor(elements[0] as SchemaElement, type.to)]];
  });
  return [{ ...root, num_children: kept.length }, ...kept.flat()];
}

function withoutIndexes(meta: ColumnMetaData): ColumnMetaData {
  const { statistics: _, bloom_filter_offset: _o, bloom_filter_length: _l, size_statistics: _s, ...rest } = meta;
  return rest;
}

function movedBy(meta: ColumnMetaData, shift: bigint): ColumnMetaData {
  const moved = { ...meta, data_page_offset: meta.data_page_offset + shift };
  if (meta.dictionary_page_offset) moved.dictionary_page_offset = meta.dictionary_page_offset + shift;
  if (meta.index_page_offset) moved.index_page_offset = meta.index_page_offset + shift;
  return moved;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strictText(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? (undefined as unknown as string) : utf8.decode(bytes);
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
