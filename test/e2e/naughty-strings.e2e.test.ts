import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanCell } from '../../shared/src/detection/index.ts';
import { Product, type ProductServer } from '../support/product.ts';
import { hasTestData, readTestJson } from '../support/test-data.ts';

const file = ['json-blns', 'blns.json'] as const;
const isThere = hasTestData(...file);

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const csvOf = (cells: readonly string[]) =>
  Buffer.from(`id,naughty\n${cells.map((cell, at) => `${at + 1},${quoted(cell)}\n`).join('')}`);

describe.skipIf(!isThere)(
  `naughty strings of the test data as cell values${isThere ? '' : ' (not there: skipped)'}`,
  () => {
    const product = Product.create();
    const strings = isThere ? (readTestJson(...file) as string[]) : [];
    let server: ProductServer;

    beforeAll(async () => {
      server = await product.startServer();
    });
    afterAll(() => product.remove());

    const upload = async (input: string, keyColumn: string) => {
      const args = ['--file', input, '--client-id', product.clientId, '--processing-type', 'risk_scoring', '--wait'];
      const json = await product.sdpJson([
        'upload-batch',
        ...args,
        '--server-url',
        server.url,
        '--key-column',
        keyColumn,
      ]);
      return String(json['batch_id']);
    };
    const merge = (batchId: string, input: string, output: string, keyColumn: string) =>
      product.sdpOk([
        ...['integrate-results', '--batch-id', batchId, '--raw-input', input, '--output', output],
        ...['--key-column', keyColumn, '--server-url', server.url, '--strict'],
      ]);
    /** Rows of the merged file without the columns that were added. */
    const rawPart = (output: string, columns: number) =>
      (parse(product.read(output), { relax_column_count: false }) as string[][]).map((row) => row.slice(0, columns));

    it('come back from tokens byte for byte, after an upload and in the merged file', async () => {
      const csv = csvOf(strings);
      product.write('raw.csv', csv);
      const io = ['--input', 'raw.csv', '--output', 'tokens.csv'];
      await product.sdpOk(['tokenize-csv', ...io, '--source-table', 'naughty', '--column', 'naughty']);
      const tokens = parse(product.read('tokens.csv'), { columns: true }) as { naughty: string }[];
      expect(tokens.map(({ naughty }) => naughty === '' || /^tok_[0-9a-f]{32}$/.test(naughty)).indexOf(false)).toBe(-1);

      const batchId = await upload('tokens.csv', 'id');
      await merge(batchId, 'raw.csv', 'merged.csv', 'id');
      expect(rawPart('merged.csv', 2)).toEqual([
        ['id', 'naughty'],
        ...strings.map((cell, at) => [String(at + 1), cell]),
      ]);
      const text = product.read('merged.csv').toString('latin1');
      const lines = csv.toString('latin1');
      for (const [at, cell] of strings.entries()) {
        const bytes = Buffer.from(`${at + 1},${quoted(cell)}`).toString('latin1');
        expect(lines.includes(bytes) && text.includes(`\n${bytes},`), `row ${at + 1}`).toBe(true);
      }

      await product.sdpOk(['detokenize', '--input', 'tokens.csv', '--output', 'back.csv', '--reason', 'test']);
      expect(product.read('back.csv').equals(csv)).toBe(true);
    });

    it('are keys of their own results where they are kept, as far as detection lets them', async () => {
      const kept = [...new Set(strings)].filter((cell) => cell !== '' && scanCell(cell) === undefined);
      expect(kept.length).toBeGreaterThan(400);
      product.write('kept.csv', csvOf(kept));
      const io = ['--input', 'kept.csv', '--output', 'kept.out.csv'];
      await product.sdpOk(['tokenize-csv', ...io, '--source-table', 'kept', '--column', 'id']);
      const batchId = await upload('kept.out.csv', 'naughty');
      const response = await fetch(`${server.url}/api/v1/results/${batchId}?format=json`, {
        headers: { 'x-api-key': product.apiKey },
      });
      const { results } = (await response.json()) as { results: { key: string }[] };
      expect(results.map(({ key }) => key)).toEqual(kept);
      await merge(batchId, 'kept.csv', 'kept.merged.csv', 'naughty');
      expect(rawPart('kept.merged.csv', 2).slice(1)).toEqual(kept.map((cell, at) => [String(at + 1), cell]));
    });
  },
);
