import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';

type Row = Record<string, string>;

async function read(path: string): Promise<Row[]> {
  return parse(await readFile(path), { columns: true, bom: true }) as Row[];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `   ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

function countBy(rows: readonly Row[], column: string): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => row[column] || '(none)');
}

/** Two tables: how many customers each band has, and a few of them as they were, as the server saw them, and scored. */
export async function outcomeTables(rawPath: string, tokenizedPath: string, scoredPath: string): Promise<string> {
  const [raw, tokenized, scored] = await Promise.all([read(rawPath), read(tokenizedPath), read(scoredPath)]);
  if (raw.length !== scored.length) throw new Error(`${raw.length} customers went in, ${scored.length} came out`);

  const bands = countBy(scored, 'risk_band');
  const bandRows = ['low', 'medium', 'high', '(none)']
    .filter((band) => bands.has(band))
    .map((band) => {
      const members = bands.get(band) ?? [];
      const scores = members.map((row) => Number(row['risk_score'])).filter((_, at) => members[at]?.['risk_score']);
      const mean = scores.length ? (scores.reduce((sum, score) => sum + score, 0) / scores.length).toFixed(3) : '–';
      const why = band === '(none)' ? 'too few of the model’s features' : '';
      return [band, String(members.length), mean, why];
    });

  const riskiest = scored
    .map((row, at) => ({ row, at }))
    .sort((a, b) => Number(b.row['risk_score'] || -1) - Number(a.row['risk_score'] || -1))
    .slice(0, 5)
    .map(({ row, at }) => [
      row['full_name'] ?? '',
      tokenized[at]?.['full_name'] ?? '',
      Number(row['risk_score']).toFixed(3),
      row['risk_band'] ?? '',
    ]);

  return [
    table(['risk band', 'customers', 'mean score', ''], bandRows),
    '',
    table(['in your file', 'what the server saw', 'score', 'band'], riskiest),
    '',
  ].join('\n');
}
