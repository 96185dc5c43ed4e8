// Makes customers for trying and measuring. Same options, same bytes. Nobody in it exists; see data-samples/README.md.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type ColumnSet, columnSets, rowMaker } from './customers/customer-row.ts';

const help = `npm run data:generate -- [--rows N] [--seed S] [--distinct N] [--columns all|minimal] [--out FILE]

  --rows N       rows to make (1000)
  --seed S       another seed, other customers (1)
  --distinct N   different persons, repeated in turn (as many as rows)
  --columns SET  all: identity and credit history; minimal: identity only, about 110 bytes a row (all)
  --out FILE     where to write; - is standard output (-)

Example: npm run data:generate -- --rows 1000000 --out /tmp/customers.csv`;

/** Enough rows per write that the stream's overhead vanishes. */
const rowsPerChunk = 2_000;

/** Up to here identifiers are computed exactly. */
const mostRows = 50_000_000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    distinct: { type: 'string' },
    columns: { type: 'string', default: 'all' },
    out: { type: 'string', default: '-' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`${help}\n`);
} else {
  const rows = wholeNumber('rows', values.rows, 0);
  const distinct = values.distinct === undefined ? Math.max(1, rows) : wholeNumber('distinct', values.distinct, 1);
  const lines = csvChunks(
    rows,
    rowMaker({ seed: wholeNumber('seed', values.seed, 0), distinct, columns: columnSet() }),
  );
  if (values.out === '-') await pipeline(Readable.from(lines), process.stdout);
  else await writeWhole(values.out, lines);
}

/** A failure leaves no file. */
async function writeWhole(file: string, chunks: Iterable<string>): Promise<void> {
  const partial = `${file}.partial-${process.pid}`;
  try {
    await pipeline(Readable.from(chunks), createWriteStream(partial, { flush: true }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function* csvChunks(rows: number, makeRow: (row: number) => string): Generator<string> {
  yield `${columnSets[columnSet()].join(',')}\n`;
  let chunk = '';
  for (let row = 0; row < rows; row += 1) {
    chunk += `${makeRow(row)}\n`;
    if ((row + 1) % rowsPerChunk === 0) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

function columnSet(): ColumnSet {
  if (values.columns === 'all' || values.columns === 'minimal') return values.columns;
  return refuse('--columns is all or minimal');
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d{1,10}$/.test(text) && number >= least && number <= mostRows) return number;
  return refuse(`--${option} is a whole number from ${least} to ${mostRows}`);
}

function refuse(reason: string): never {
  process.stderr.write(`generate-customers: error: ${reason}\ngenerate-customers: hint: --help shows the options\n`);
  process.exit(2);
}
