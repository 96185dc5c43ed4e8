import { createHmac } from 'node:crypto';

export interface TokenizedRecords {
  readonly csv: Buffer;
  readonly ndjson: Buffer;
  /** Each record's JSON. */
  readonly lines: readonly Buffer[];
}

/** Ten columns as tokenizing leaves them: four tokens that all differ, six kept columns. */
export function tokenizedRecords(count: number): TokenizedRecords {
  const token = (column: string, row: number) =>
    `tok_${createHmac('sha256', column).update(String(row)).digest('hex').slice(0, 32)}`;
  const header = [
    'customer_id',
    'full_name',
    'email',
    'account',
    'city',
    'amount',
    'opened',
    'segment',
    'balance',
    'note',
  ];
  const csv: string[] = [header.join(',')];
  const lines: Buffer[] = [];
  for (let row = 0; row < count; row++) {
    const cells = [
      ...header.slice(0, 4).map((column) => token(column, row)),
      `City ${row % 500}`,
      `${(row * 37) % 100_000}.${row % 90}`,
      `2024-${String((row % 12) + 1).padStart(2, '0')}-11`,
      `segment ${row % 7}`,
      String((row * 13) % 50_000),
      `note ${row % 1000}`,
    ];
    csv.push(cells.join(','));
    lines.push(Buffer.from(JSON.stringify(Object.fromEntries(header.map((name, at) => [name, cells[at]])))));
  }
  return {
    csv: Buffer.from(`${csv.join('\n')}\n`),
    ndjson: Buffer.from(`${lines.map((line) => line.toString()).join('\n')}\n`),
    lines,
  };
}
