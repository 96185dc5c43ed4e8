import { markdownTable, perSecond, quantile, seconds } from './measure.ts';
import { type ServerUnderTest, sendBatch, startServerUnderTest } from './server-under-test.ts';
import { tokenizedRecords } from './tokenized-records.ts';

const pagesPerQuery = 100;
const recordsPerPage = 50;
const index = { customer_id: 'equal', city: 'equal', segment: 'equal', amount: 'range', opened: 'range' };

/** Pages of records out of one large job whose five columns were declared, over HTTP: first pages, and the ones behind them. */
export async function benchRecords(options: { rows: number }): Promise<string> {
  const { csv, lines } = tokenizedRecords(options.rows);
  const ids = [0, 1, 2].map((part) =>
    String(JSON.parse(String(lines[((lines.length - 1) * (part / 2)) | 0])).customer_id),
  );
  const server = await startServerUnderTest('api');
  try {
    const started = performance.now();
    const jobId = await sendBatch(server, { bytes: csv, type: 'text/csv' }, { processing_type: 'risk_scoring', index });
    const upload = performance.now() - started;
    const rows: string[][] = [];
    const all: number[] = [];
    for (const [name, queryOf] of Object.entries(queries(ids))) {
      const times = await timePages(server, jobId, queryOf);
      all.push(...times);
      rows.push([name, ...[0.5, 0.95, 0.99].map((share) => quantile(times, share).toFixed(1))]);
    }
    rows.push(['all of them', ...[0.5, 0.95, 0.99].map((share) => quantile(all, share).toFixed(1))]);
    const note = `Upload with five columns to be found by: ${seconds(upload)} (${perSecond(options.rows, upload)}).`;
    return `${markdownTable(['page of 50 records by', 'p50 ms', 'p95 ms', 'p99 ms'], rows)}\n\n${note}`;
  } finally {
    await server.stop();
  }
}

function queries(ids: readonly string[]): Record<string, (i: number) => string> {
  return {
    'number, from the start': () => '',
    'one token': (i) => `filter=customer_id:eq:${ids[i % ids.length]}`,
    'one of 500 cities': (i) => `filter=city:eq:City ${i % 500}`,
    'one of 7 segments': (i) => `filter=segment:eq:segment ${i % 7}`,
    'a value in any column': (i) => `search=City ${i % 500}`,
    'amount at least': (i) => `filter=amount:ge:${(i * 997) % 100_000}`,
    'amount between': (i) => `filter=amount:ge:${(i * 997) % 99_000}&filter=amount:lt:${((i * 997) % 99_000) + 500}`,
    'order of amount, descending': () => 'sort=amount&order=desc',
    'city, in order of amount': (i) => `filter=city:eq:City ${i % 500}&sort=amount`,
    'segment, in order of amount': (i) => `filter=segment:eq:segment ${i % 7}&sort=amount`,
    'segment and city': (i) => `filter=segment:eq:segment ${i % 7}&filter=city:eq:City ${i % 500}`,
    'segment and amount at least': (i) => `filter=segment:eq:segment ${i % 7}&filter=amount:ge:${(i * 997) % 90_000}`,
    'month, in order of amount': (i) => `filter=opened:eq:2024-${String((i % 12) + 1).padStart(2, '0')}-11&sort=amount`,
  };
}

async function timePages(server: ServerUnderTest, jobId: string, queryOf: (i: number) => string): Promise<number[]> {
  const times: number[] = [];
  let cursor: string | null = null;
  let query = '';
  for (let i = 0; i < pagesPerQuery; i++) {
    // Up to five pages in a row, then another search.
    if (cursor === null || i % 5 === 0) query = queryOf(i);
    const next: string = cursor !== null && i % 5 !== 0 ? `&cursor=${cursor}` : '';
    const started = performance.now();
    const response = await fetch(`${server.url}/api/v1/jobs/${jobId}/records?limit=${recordsPerPage}&${query}${next}`, {
      headers: { 'X-API-Key': server.apiKey },
    });
    const answer = (await response.json()) as { records?: unknown[]; next_cursor: string | null };
    times.push(performance.now() - started);
    if (!answer.records?.length) throw new Error(`the server answered ${response.status}, and with no records`);
    cursor = answer.next_cursor;
  }
  return times;
}
