import { InputError } from '@sdp/shared/errors';
import type { ByteSink, ByteSource, CsvEdits } from '../csv/index.ts';
import { OutputBuffer } from '../csv/output-buffer.ts';
import { runRewriter } from '../csv/run-rewriter.ts';
import type { FieldNode } from './field-tree.ts';
import { findFields, newFieldTree, numberFields } from './find-fields.ts';
import { LineRewriter } from './line-rewriter.ts';
import { ObjectScanner } from './object-scanner.ts';
import { type NdjsonOptions, type OpenNdjson, openNdjson } from './open-ndjson.ts';
import type { ScalarType } from './scalar-text.ts';
import type { Spelling } from './string-spelling.ts';

/** Bytes of a stream in which its fields are looked up. */
const sampleBytes = 4 * 1024 * 1024;

export interface RewriteNdjsonOptions extends NdjsonOptions {
  /** Reads the input once more, from its start; where it can be read only once, its beginning must show all fields. */
  readonly again?: () => ByteSource;
  /** Where values are put back: what those of a field mostly were, by its path; strings where left out. */
  readonly types?: Readonly<Record<string, ScalarType>>;
  /** Where values are put back: how strings are spelled. */
  readonly spelling?: Spelling;
}

export interface NdjsonRewriteSummary {
  /** Dotted paths of the fields. */
  readonly header: readonly string[];
  /** Objects. */
  readonly rows: number;
  readonly inputBytes: number;
  /** Of the fields whose values were replaced and are no strings. */
  readonly types: Readonly<Record<string, ScalarType>>;
  /** How most of the replaced strings were spelled. */
  readonly spelling: Spelling;
  /** Replaced strings that were spelled in another way: they come back equal, but not in their bytes. */
  readonly respelled: number;
}

/**
 * Copies newline-delimited JSON (ndjson.org, jsonlines.org) byte for byte, save for the values that are replaced and the
 * members that are dropped: blanks, the order of keys, escapes and the spelling of numbers stay. A field is named by its
 * dotted path; arrays are taken as a whole. Memory stays flat with the file's size.
 *
 * @param plan called once with the paths of all fields; says what is done to which
 * @throws {InputError} `ndjson-invalid`, `ndjson-type`, `ndjson-field-late`, `csv-cell-too-large`, `csv-empty`
 */
export async function rewriteNdjson(
  source: ByteSource,
  sink: ByteSink,
  plan: (header: readonly string[]) => CsvEdits | Promise<CsvEdits>,
  options: RewriteNdjsonOptions = {},
): Promise<NdjsonRewriteSummary> {
  const ndjson = await openNdjson(source, options);
  try {
    const fields =
      options.again === undefined ? await sampledFields(ndjson) : await findFields(options.again(), options);
    if (fields.header.length === 0) {
      throw new InputError('csv-empty', {
        message: 'The input has no object with a field',
        remedy: 'Give a file with a JSON object on each line.',
      });
    }
    const edits = await plan(fields.header);
    if (edits.append !== undefined) {
      throw new InputError('format-unsupported', { message: 'Fields cannot be added to NDJSON' });
    }
    const out = new OutputBuffer(sink);
    const types = fields.header.map((path) => options.types?.[path]);
    const rewriter = new LineRewriter(ndjson.lines, fields, edits, out, fieldIsLate(ndjson), {
      types,
      spelling: options.spelling ?? 'shortest',
    });
    const from = edits.checkpoints?.from;
    if (from !== undefined) {
      while (!rewriter.skipTo(from)) {
        if (!(await ndjson.fill()))
          throw new InputError('file-unreadable', { message: 'The input has become shorter' });
      }
    }
    await runRewriter(rewriter, ndjson, out, edits);
    const { spelling, others } = rewriter.watch.result();
    return {
      header: fields.header,
      rows: rewriter.rows,
      inputBytes: ndjson.inputBytes(),
      types: Object.fromEntries(
        fields.header.flatMap((path, column) => {
          const type = rewriter.types[column];
          return type === undefined || type === 'string' ? [] : [[path, type]];
        }),
      ),
      spelling,
      respelled: others,
    };
  } finally {
    await ndjson.close();
  }
}

async function sampledFields(ndjson: OpenNdjson) {
  const { lines } = ndjson;
  while (lines.filled < sampleBytes && (await ndjson.fill()));
  const goBack = lines.mark();
  const root = newFieldTree();
  const scanner = new ObjectScanner(root, (parent, name, spelling) => parent.add(name, spelling));
  while (lines.next()) scanner.scan(lines.bytes, lines.start, lines.end, lines.line);
  goBack();
  return numberFields(root);
}

function fieldIsLate({ lines }: OpenNdjson): (parent: FieldNode, name: string) => never {
  return () => {
    throw new InputError('ndjson-field-late', {
      message: `Line ${lines.line} has a field that the lines before it did not have`,
      details: { row: lines.line },
    });
  };
}
