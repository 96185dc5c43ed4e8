import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, markdownTable, measureProgram, measureScript, median, perSecond, seconds } from './measure.ts';
import { benchFiles, removeVault, tokenizeWith } from './sdp-run.ts';
import { digitsColumn, identifierColumns, writeWideCsv } from './wide-csv.ts';

const peers = join(import.meta.dirname, 'peers');
const fourColumns = identifierColumns.slice(0, 4);
const digits = [digitsColumn];

interface Peer {
  readonly name: string;
  readonly method: string;
  readonly columns: readonly string[];
  /** Why it can't run here, with what to install. */
  readonly missing?: string;
  readonly run: (input: string, output: string, columns: readonly string[]) => Promise<{ readonly wallMs: number }>;
}

/** sdp against other programs that replace the same columns of the same file, whole processes, in turn. */
export async function benchPeers(options: { rows: number; runs: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-peers-'));
  const rows: string[][] = [];
  const absent: string[] = [];
  try {
    for (const distinct of [options.rows, 10_000]) {
      const input = join(folder, `${distinct}.csv`);
      await writeWideCsv(input, options.rows, distinct);
      for (const peer of peersHere()) {
        if (peer.missing === undefined) rows.push(await compare(folder, input, peer, distinct, options));
        else if (!absent.includes(peer.missing)) absent.push(peer.missing);
      }
      rmSync(input);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const header = [
    'rows',
    'distinct a column',
    'columns',
    'peer',
    'its time',
    'sdp method',
    'sdp’s time',
    'times faster',
    'sdp values/s',
  ];
  return [markdownTable(header, rows), ...absent.map((text) => `\nNot measured: ${text}`)].join('\n');
}

function peersHere(): Peer[] {
  const python = process.env['SDP_BENCH_PYTHON'] ?? join(peers, 'venv/bin/python');
  const noPython = existsSync(python)
    ? {}
    : {
        missing:
          'presidio. `python3 -m venv bench/peers/venv && bench/peers/venv/bin/pip install -r bench/peers/requirements.txt`',
      };
  const noFf3 = existsSync(join(peers, 'node_modules/ff3'))
    ? {}
    : { missing: 'ff3. `npm install --prefix bench/peers`' };
  const miller = ['/usr/bin/mlr', '/usr/local/bin/mlr', '/opt/homebrew/bin/mlr'].find((path) => existsSync(path));
  const presidio =
    (operator: string): Peer['run'] =>
    (input, output, columns) =>
      measureProgram(python, [join(peers, 'presidio.py'), input, output, operator, ...columns]);
  return [
    {
      name: 'presidio-structured, hash (SHA-256, salt)',
      method: 'hash',
      columns: fourColumns,
      run: presidio('hash'),
      ...noPython,
    },
    {
      name: 'presidio-structured, encrypt (AES-CBC)',
      method: 'token',
      columns: fourColumns,
      run: presidio('encrypt'),
      ...noPython,
    },
    {
      name: 'miller, sha256 (no key)',
      method: 'hash',
      columns: fourColumns,
      run: (input, output, columns) =>
        measureProgram(miller ?? '', [
          '--icsv',
          '--ocsv',
          '--from',
          input,
          'put',
          columns.map((name) => `$${name}=sha256($${name})`).join(';'),
          'then',
          'tee',
          output,
          'then',
          'nothing',
        ]),
      ...(miller === undefined ? { missing: 'miller. `apt install miller`' } : {}),
    },
    {
      name: 'npm ff3 (FF3-1)',
      method: 'fpe',
      columns: digits,
      run: (input, output, columns) => measureScript(join(peers, 'ff3.mjs'), [input, output, ...columns]),
      ...noFf3,
    },
  ];
}

async function compare(
  folder: string,
  input: string,
  peer: Peer,
  distinct: number,
  { rows, runs }: { rows: number; runs: number },
): Promise<string[]> {
  const files = benchFiles(folder, input);
  const method = peer.method === 'fpe' ? '{ method: fpe, alphabet: digits }' : peer.method;
  const pairs = await inTurn(
    runs,
    () => peer.run(input, join(folder, 'peer.csv'), peer.columns),
    () => {
      removeVault(files.vault);
      return tokenizeWith(
        files,
        peer.columns.map((name) => `${name}: ${method}`),
      );
    },
  );
  const wall = median(pairs.map(({ b }) => b.wallMs));
  return [
    rows.toLocaleString('en-US'),
    distinct.toLocaleString('en-US'),
    String(peer.columns.length),
    peer.name,
    seconds(median(pairs.map(({ a }) => a.wallMs))),
    peer.method,
    seconds(wall),
    median(pairs.map(({ a, b }) => a.wallMs / b.wallMs)).toFixed(1),
    perSecond(rows * peer.columns.length, wall),
  ];
}
