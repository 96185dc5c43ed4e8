import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { type Person, person, uploaded } from './people.ts';

/** So many that no condition below finds few records: the index is walked, not gathered from. */
const rowCount = 24_000;
const all = Array.from({ length: rowCount }, (_, i) => ({
  seq: i + 1,
  n: (i * 7_919) % 10_007,
  half: i % 2 ? 'odd' : 'even',
  third: `t${i % 3}`,
}));
type Row = (typeof all)[number];
const byN = (a: Row, b: Row) => a.n - b.n || a.seq - b.seq;

let server: RunningServer;
let client: Person;
let jobId: string;
beforeAll(async () => {
  server = await startServer();
  client = await person(server, 'Client', ['acme'], { allowDeclaredSafe: true });
  const csv = `id,n,half,third\n${all.map(({ seq, n, half, third }) => `tok_${seq},${n},${half},${third}\n`).join('')}`;
  jobId = await uploaded(client, { csv, index: { n: 'range', half: 'equal', third: 'equal' } });
});
afterAll(() => server.stop());

const cases: [string, (row: Row) => boolean, ((a: Row, b: Row) => number)?][] = [
  ['', () => true],
  ['filter=half:eq:odd', ({ half }) => half === 'odd'],
  ['filter=half:eq:odd&filter=third:eq:t1', ({ half, third }) => half === 'odd' && third === 't1'],
  ['filter=half:eq:odd&filter=n:ge:2000', ({ half, n }) => half === 'odd' && n >= 2_000],
  ['filter=n:ge:2000&filter=half:eq:odd', ({ half, n }) => half === 'odd' && n >= 2_000],
  ['filter=n:ge:1000&filter=n:lt:9000', ({ n }) => n >= 1_000 && n < 9_000, byN],
  ['filter=n:ge:1000&sort=n&order=desc', ({ n }) => n >= 1_000, (a, b) => byN(b, a)],
  ['filter=half:eq:odd&filter=n:lt:8000&sort=n', ({ half, n }) => half === 'odd' && n < 8_000, byN],
  [
    'filter=half:eq:even&filter=third:eq:t2&sort=n&order=desc',
    (r) => r.half === 'even' && r.third === 't2',
    (a, b) => byN(b, a),
  ],
  ['search=t0&filter=half:eq:odd', ({ half, third }) => half === 'odd' && third === 't0'],
  ['search=odd&sort=n', ({ half }) => half === 'odd', byN],
  ['search=odd&filter=n:ge:3000', ({ half, n }) => half === 'odd' && n >= 3_000],
  // One finds few: they are gathered.
  ['filter=half:eq:odd&filter=n:eq:77', ({ half, n }) => half === 'odd' && n === 77],
  ['filter=half:eq:odd&filter=n:lt:300&sort=n', ({ half, n }) => half === 'odd' && n < 300, byN],
];
it.each(cases)('finds by %s what a look at every record finds, page after page', async (query, holds, order) => {
  const expected = all.filter(holds);
  if (order) expected.sort(order);
  const seqs: number[] = [];
  let cursor: string | null = '';
  for (let page = 0; page < 4 && cursor !== null; page++) {
    const path: string = `/api/v1/jobs/${jobId}/records?limit=150&${query}${cursor && `&cursor=${cursor}`}`;
    const { status, body } = await client.ask(path);
    expect([status, body.code]).toEqual([200, undefined]);
    seqs.push(...body.records.map(({ seq }: { seq: number }) => seq));
    cursor = body.next_cursor;
  }
  expect(seqs).toEqual(expected.map(({ seq }) => seq).slice(0, 600));
  expect(cursor === null).toBe(expected.length <= 600);
});

it('indexes every record of an upload that is stored in several turns', async () => {
  const { rows } = await server.platform.pool.query(
    'SELECT column_no, count(*)::int AS n, min(seq) AS first, max(seq) AS last FROM record_index WHERE batch_id = $1 GROUP BY 1 ORDER BY 1',
    [jobId],
  );
  expect(rows).toEqual([0, 1, 2].map((column_no) => ({ column_no, n: rowCount, first: 1, last: rowCount })));
});
