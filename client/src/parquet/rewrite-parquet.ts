import { open } from 'node:fs/promises';
import { InputError, SdpError } from '@sdp/shared/errors';
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import { parquetReadColumn } from 'hyparquet/src/read.js';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ByteSink, ColumnEdit } from '../csv/index.ts';
import { changedMeanwhile, stateOf } from '../files/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import type { TableInput, TablePlan, TableSummary } from '../tables/table.ts';
import { codecFor, compressors, decompressors } from './codecs.ts';
import { elementFor, textOfValue, textTypeOf, valueOfText } from './column-text.ts';
import { type ChunkDescription, newChunk, ParquetFooter } from './footer.ts';
import type { ParquetTextType } from './parquet-types.ts';
import { rewriteColumn } from './rewrite-column.ts';

const magic = Buffer.from('PAR1');
const copyBytes = 4 << 20;
/** Behind the footer: its length, and the magic bytes. */
const tailBytes = 8;
/** What pandas and Arrow say of the columns' types. */
const typeNotes = ['ARROW:schema', 'pandas'];

export interface RewriteParquetOptions {
  readonly signal: AbortSignal;
  /** Where values are put back: the types they had. */
  readonly described?: Extract<ManifestFormat, { kind: 'parquet' }>;
}

/** A column at the top of the schema. */
interface TopColumn {
  readonly name: string;
  readonly element: SchemaElement;
  /** Where it and what lies below it stand in the schema: from the first to behind the last. */
  readonly elements: readonly [number, number];
  /** Where its column chunks stand in a row group. */
  readonly leaves: readonly [number, number];
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
  const before = await stateOf(handle);
  const slice = async (start: number, end = sizeBytes) => {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    if (bytesRead !== bytes.length) throw new InputError('parquet-invalid', { message: 'The Parquet file is cut off' });
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  try {
    const summary = await new Rewriting({ byteLength: sizeBytes, slice }, sink, options).run(plan);
    if ((await stateOf(handle)) !== before) throw changedMeanwhile(path);
    return summary;
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
    const footer = await this.#readFooter();
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
    const groups: (ChunkDescription[] | undefined)[] = [];
    let rows = 0;
    for (const [at, group] of metadata.row_groups.entries()) {
      this.#options.signal.throwIfAborted();
      // A group without rows, as some writers make of an empty table, has no pages either.
      if (group.num_rows === 0n) groups.push(undefined);
      else
        groups.push(await this.#rewriteGroup(group, { at, footer, metadata, columns, dropped, replaced, types, rows }));
      rows += Number(group.num_rows);
      await afterChunk?.({ rows, inputBytes: this.#written });
    }
    const kept = columns.flatMap((column, index) => (dropped.has(index) ? [] : [{ column, type: types.get(index) }]));
    const sameTypes = dropped.size === 0 && [...types.values()].every(({ from, to }) => from === to);
    // Other people's notes may hold anything, and Arrow repeats them in its own.
    const anyOther = (metadata.key_value_metadata ?? []).some(({ key }) => !typeNotes.includes(key));
    const keepsNotes = restores || edits.length === 0;
    await this.#writeFooter(
      footer.serialize({
        elements: kept.flatMap(({ column: { element, elements }, type }): readonly (number | SchemaElement)[] =>
          type === undefined || type.from === type.to ? range(elements) : [elementFor(element, type.to)],
        ),
        columnCount: kept.length,
        groups,
        // Of types that there are no more, the descriptions would contradict what there is now.
        keepsNote: (key) => (typeNotes.includes(key) ? sameTypes && (keepsNotes || !anyOther) : keepsNotes),
      }),
    );
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

  async #rewriteGroup(group: RowGroup, job: GroupJob): Promise<ChunkDescription[]> {
    const { at: groupAt, footer, metadata, columns, dropped, replaced, types, rows } = job;
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
    const chunks: ChunkDescription[] = [];
    for (const [index, column] of columns.entries()) {
      if (dropped.has(index)) continue;
      const type = types.get(index);
      if (type === undefined) {
        for (const leaf of range(column.leaves)) {
          chunks.push(
            await this.#copyChunk(group.columns[leaf]?.meta_data, (shift) => footer.movedChunk(groupAt, leaf, shift)),
          );
        }
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
      chunks.push(await this.#writeChunk(column, type.to, values, group.columns[column.leaves[0]]?.meta_data));
    }
    return chunks;
  }

  async #copyChunk(
    meta: ColumnMetaData | undefined,
    describe: (shift: bigint) => ChunkDescription | undefined,
  ): Promise<ChunkDescription> {
    const offsets = [meta?.data_page_offset, meta?.dictionary_page_offset, meta?.index_page_offset];
    const pages = offsets.flatMap((each) => (each !== undefined && each > 0n ? [Number(each)] : []));
    const start = BigInt(pages.length === 0 ? 0 : Math.min(...pages));
    const description = describe(BigInt(this.#written) - start);
    if (meta === undefined || description === undefined) {
      throw new InputError('parquet-invalid', { message: 'A column is encrypted or stands in another file' });
    }
    const end = Number(start + meta.total_compressed_size);
    for (let at = Number(start); at < end; at += copyBytes) {
      await this.#write(new Uint8Array(await this.#file.slice(at, Math.min(at + copyBytes, end))));
    }
    return description;
  }

  async #writeChunk(
    { name, element: old }: TopColumn,
    type: ParquetTextType | 'string',
    values: readonly unknown[],
    before: ColumnMetaData | undefined,
  ): Promise<ChunkDescription> {
    const writer = new ByteWriter();
    // Dates are their days here; the annotation that says so stands in the file's own schema.
    const { converted_type, logical_type, ...bare } = elementFor(old, type);
    const element = type === 'string' ? { ...bare, converted_type, logical_type } : bare;
    const parquet = new ParquetWriter({
      writer,
      schema: [{ name: 'root', num_children: 1 }, element as SchemaElement],
      codec: codecFor(before?.codec ?? 'SNAPPY'),
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
    return newChunk(meta, shift);
  }

  async #readFooter(): Promise<ParquetFooter> {
    const { byteLength } = this.#file;
    const tail = Buffer.from(await this.#file.slice(Math.max(0, byteLength - tailBytes), byteLength));
    const length = tail.length === tailBytes ? tail.readUInt32LE(0) : 0;
    if (!tail.subarray(4).equals(magic) || length + tailBytes > byteLength) throw new InputError('parquet-invalid');
    const bytes = await this.#file.slice(byteLength - tailBytes - length, byteLength - tailBytes);
    const footer = new ParquetFooter(new Uint8Array(bytes));
    if (!footer.isEncrypted) return footer;
    throw new InputError('parquet-invalid', { message: 'The Parquet file is encrypted or signed' });
  }

  async #writeFooter(footer: Uint8Array): Promise<void> {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await this.#write(Buffer.concat([footer, length, magic]));
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
  /** Index of the group. */
  readonly at: number;
  readonly footer: ParquetFooter;
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
  const names = new Map<string, number>();
  let leaves = 0;
  for (let at = 1; at < schema.length; ) {
    const from = at;
    const firstLeaf = leaves;
    for (let open = 1; open > 0; at++) {
      const each = schema[at];
      if (each === undefined) throw new InputError('parquet-invalid');
      open += (each.num_children ?? 0) - 1;
      // A group has no type of its own; one without children is no column either.
      if (each.type !== undefined) leaves++;
    }
    const element = schema[from] as SchemaElement;
    const isFlat = at === from + 1 && element.type !== undefined && element.repetition_type !== 'REPEATED';
    names.set(element.name, (names.get(element.name) ?? 0) + 1);
    const textType = isFlat ? textTypeOf(element) : undefined;
    columns.push({ name: element.name, element, elements: [from, at], leaves: [firstLeaf, leaves], textType });
  }
  // Of columns that share a name, values can't be asked for by it.
  return columns.map((column) => (names.get(column.name) === 1 ? column : { ...column, textType: undefined }));
}

function range([from, to]: readonly [number, number]): number[] {
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function strictText(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? (undefined as unknown as string) : utf8.decode(bytes);
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
