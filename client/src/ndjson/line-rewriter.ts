import {
  type ColumnEdit,
  type CsvEdits,
  type RowView,
  rowGroupSize,
  type TableCheckpoints,
  type TablePosition,
} from '../csv/index.ts';
import type { OutputBuffer } from '../csv/output-buffer.ts';
import type { FoundFields } from './find-fields.ts';
import type { LineScanner } from './line-scanner.ts';
import { type FieldSpan, ObjectScanner, valueKind } from './object-scanner.ts';
import { type ScalarType, scalarOfText, textOfScalar } from './scalar-text.ts';
import { type Spelling, type SpellingCounts, SpellingWatch, spell } from './string-spelling.ts';

/** What the bytes of a line alone don't tell. */
export interface NdjsonTraits {
  /** By column: what its values mostly are; a field's first value decides. `undefined` is not decided yet. */
  readonly types: readonly (ScalarType | undefined)[];
  readonly spelling: Spelling;
}

/** {@link TablePosition.state} of this format. */
interface RewriterState {
  readonly lines: number;
  readonly types: readonly (ScalarType | null)[];
  readonly spelling: SpellingCounts;
}

interface Step {
  readonly column: number;
  readonly replace: Exclude<ColumnEdit['replace'], 'drop'>;
  readonly replaceMany: ColumnEdit['replaceMany'];
  readonly plain: boolean;
  results: readonly (string | undefined)[];
}

/** Applies edits to the lines' values. Whatever no edit touches is copied, from the end of one edit to the next. */
export class LineRewriter {
  readonly types: (ScalarType | undefined)[];
  rows = 0;
  watch: SpellingWatch;
  readonly #lines: LineScanner;
  readonly #out: OutputBuffer;
  readonly #scanner: ObjectScanner;
  readonly #onUnknown: ConstructorParameters<typeof ObjectScanner>[1];
  readonly #restores: boolean;
  readonly #spelling: Spelling;
  readonly #steps: readonly (Step | undefined)[];
  readonly #grouped: readonly Step[];
  readonly #checkpoints: TableCheckpoints | undefined;
  readonly #outputBefore: number;
  readonly #view: RowView;
  /** Place of each column's value among the current row's spans, where `#metIn` is the current row. */
  readonly #spanOf: Int32Array;
  readonly #metIn: Float64Array;
  #nextCheckpoint: number;
  #copiedTo = 0;
  #groupStart = 0;
  #groupEnd = 0;
  #goBack: (() => void) | undefined;
  #rowWaits = false;

  constructor(
    lines: LineScanner,
    { root, header }: FoundFields,
    { edits = [], restores = false, checkpoints }: CsvEdits,
    out: OutputBuffer,
    onUnknown: ConstructorParameters<typeof ObjectScanner>[1],
    { types, spelling }: NdjsonTraits,
  ) {
    const state = checkpoints?.from?.state as RewriterState | undefined;
    this.#lines = lines;
    this.#out = out;
    this.#restores = restores;
    this.#spelling = spelling;
    this.types = state === undefined ? [...types] : state.types.map((type) => type ?? undefined);
    this.watch = new SpellingWatch(state?.spelling);
    this.#checkpoints = checkpoints;
    this.#outputBefore = checkpoints?.from?.outputBytes ?? 0;
    this.#nextCheckpoint = this.#outputBefore + (checkpoints?.everyBytes ?? 0);
    const steps = new Array<Step | undefined>(header.length);
    const byColumn = new Map(edits.map((edit) => [edit.index, edit]));
    for (const node of root.fields()) {
      const edit = byColumn.get(node.column);
      node.edited = edit !== undefined;
      node.dropped = edit?.replace === 'drop';
      if (edit === undefined || edit.replace === 'drop') continue;
      const { replace, replaceMany, plain = false } = edit;
      steps[node.column] = { column: node.column, replace, replaceMany, plain, results: [] };
    }
    this.#steps = steps;
    this.#grouped = steps.filter((step) => step?.replaceMany !== undefined) as Step[];
    this.#scanner = new ObjectScanner(root, onUnknown);
    this.#onUnknown = onUnknown;
    this.#spanOf = new Int32Array(header.length);
    this.#metIn = new Float64Array(header.length).fill(-1);
    const self = this;
    this.#view = {
      get row() {
        return self.rows;
      },
      cellCount: header.length,
      cell: (index) => {
        const span = this.#spanIn(index);
        return span === undefined ? '' : this.#contentOf(span);
      },
    };
  }

  /** Goes on from the checkpoint that the edits name. @returns false while more bytes are needed to get there */
  skipTo({ inputOffset, rows, state }: TablePosition): boolean {
    this.rows = rows;
    const there = this.#lines.skipTo(inputOffset, (state as RewriterState).lines);
    this.restart();
    return there;
  }

  rewrite(): 'full' | 'starved' | TablePosition {
    const out = this.#out;
    while (this.#nextRow()) {
      if (this.#checkpoints !== undefined && this.rows % rowGroupSize === 1) {
        const place = this.#checkpointBefore();
        if (place !== undefined) return place;
      }
      this.#rowWaits = false;
      if (this.#goBack !== undefined) this.#prepareGroup(this.#goBack);
      this.#rewriteRow();
      if (out.isFull) return 'full';
    }
    return 'starved';
  }

  /** Copies what has been passed over, before the scanner forgets it. */
  copyRest(everything: boolean): void {
    const { bytes, position, filled } = this.#lines;
    this.#copyTo(bytes, everything ? filled : position);
  }

  /** The scanner's bytes have moved: the line that comes next begins at its position. */
  restart(): void {
    this.#copiedTo = this.#lines.position;
  }

  #nextRow(): boolean {
    if (this.#rowWaits) return true;
    if (this.#grouped.length > 0 && this.rows + 1 >= this.#groupEnd) {
      const goBack = this.#lines.mark();
      const { rows } = this;
      this.#goBack = () => {
        goBack();
        this.rows = rows;
      };
    }
    this.#rowWaits = this.#scanRow();
    return this.#rowWaits;
  }

  /** Moves to the next line that isn't blank. */
  #scanRow(): boolean {
    const lines = this.#lines;
    const scanner = this.#scanner;
    while (lines.next()) {
      if (!scanner.scan(lines.bytes, lines.start, lines.end, lines.line)) continue;
      this.rows += 1;
      for (let at = 0; at < scanner.count; at++) {
        const { kind, node } = scanner.spans[at] as FieldSpan;
        const { column } = node;
        if (column < 0) {
          // It held objects alone when the fields were looked up.
          if (kind !== valueKind.null) this.#onUnknown(node, '', Buffer.alloc(0));
          continue;
        }
        this.#spanOf[column] = at;
        this.#metIn[column] = this.rows;
      }
      return true;
    }
    return false;
  }

  #prepareGroup(goBack: () => void): void {
    this.#goBack = undefined;
    goBack();
    const first = this.rows + 1;
    // Groups end at the same rows however the chunks are cut, so that a checkpoint never splits one.
    const behind = first - ((first - 1) % rowGroupSize) + rowGroupSize;
    const values = this.#grouped.map(() => [] as string[]);
    while (this.rows + 1 < behind && this.#scanRow()) {
      for (const [at, { column }] of this.#grouped.entries()) {
        const span = this.#spanIn(column);
        values[at]?.push(span === undefined ? '' : this.#textOf(span, column));
      }
    }
    this.#groupStart = first;
    this.#groupEnd = this.rows + 1;
    for (const [at, step] of this.#grouped.entries()) step.results = step.replaceMany?.(values[at] ?? [], first) ?? [];
    goBack();
    this.#scanRow();
  }

  #rewriteRow(): void {
    const { bytes } = this.#lines;
    const scanner = this.#scanner;
    for (let at = 0; at < scanner.count; at++) {
      const span = scanner.spans[at] as FieldSpan;
      const { node } = span;
      if (!node.edited) continue;
      if (node.dropped) {
        this.#copyTo(bytes, span.cutStart);
        this.#copiedTo = span.cutEnd;
        continue;
      }
      const step = this.#steps[node.column];
      if (step === undefined) continue;
      const value = this.#replacement(step, span);
      if (value === undefined) continue;
      this.#copyTo(bytes, span.start);
      this.#write(step, value);
      this.#copiedTo = span.end;
    }
  }

  #replacement(step: Step, span: FieldSpan): string | undefined {
    const text = this.#textOf(span, step.column);
    if (text === '') return undefined;
    if (!this.#restores && (span.kind === valueKind.string || span.kind === valueKind.escaped)) {
      this.watch.add(this.#contentOf(span), this.#lines.bytes.toString('utf8', span.start, span.end));
    }
    return step.replaceMany === undefined
      ? step.replace(text, this.rows, this.#view)
      : step.results[this.rows - this.#groupStart];
  }

  #write({ column, plain }: Step, value: string): void {
    const out = this.#out;
    if (plain) {
      out.reserve(value.length + 2);
      out.bytes[out.length++] = 0x22;
      out.length += out.bytes.write(value, out.length, 'latin1');
      out.bytes[out.length++] = 0x22;
      return;
    }
    const text = this.#restores
      ? scalarOfText(value, this.types[column] ?? 'string', this.#spelling)
      : spell(value, 'shortest');
    out.reserve(text.length * 3);
    out.length += out.bytes.write(text, out.length, 'utf8');
  }

  #spanIn(column: number): FieldSpan | undefined {
    return this.#metIn[column] === this.rows ? this.#scanner.spans[this.#spanOf[column] as number] : undefined;
  }

  #contentOf({ kind, start, end }: FieldSpan): string {
    const { bytes } = this.#lines;
    if (kind === valueKind.string) return bytes.toString('utf8', start + 1, end - 1);
    if (kind === valueKind.escaped) return JSON.parse(bytes.toString('utf8', start, end)) as string;
    return kind === valueKind.null ? '' : bytes.toString('utf8', start, end);
  }

  /** What a method is given; `''` for what it is not to touch. */
  #textOf(span: FieldSpan, column: number): string {
    const content = this.#contentOf(span);
    if (content === '' || this.#restores) return content;
    const type =
      span.kind === valueKind.number ? 'number' : span.kind === valueKind.boolean ? 'boolean' : ('string' as const);
    this.types[column] ??= type;
    return textOfScalar(content, type, this.types[column]);
  }

  #checkpointBefore(): TablePosition | undefined {
    const { bytes, start, offset, line } = this.#lines;
    const out = this.#out;
    const outputBytes = this.#outputBefore + out.flushedBytes + out.length + start - this.#copiedTo;
    if (this.#checkpoints === undefined || outputBytes < this.#nextCheckpoint) return undefined;
    this.#copyTo(bytes, start);
    this.#nextCheckpoint = outputBytes + this.#checkpoints.everyBytes;
    const state: RewriterState = {
      lines: line - 1,
      types: this.types.map((type) => type ?? null),
      spelling: this.watch.counts(),
    };
    return { rows: this.rows - 1, inputOffset: offset + start, outputBytes, state };
  }

  #copyTo(bytes: Buffer, to: number): void {
    if (to <= this.#copiedTo) return;
    this.#out.copy(bytes, this.#copiedTo, to);
    this.#copiedTo = to;
  }
}
