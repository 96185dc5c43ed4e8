// The whole path on one machine: key → server → tokenize → upload → score → merge back → a table. Everything it makes
// lies in one ignored folder, and nothing that it started outlives it.
import { lstatSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { foreignEnvironment } from './foreign-environment.ts';
import { outcomeTables } from './outcome.ts';
import { generateApiKey, runSdp } from './sdp-process.ts';
import { freePort, type ServerProcess, spawnServer, untilReady } from './server-process.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.sdp', 'demo');
const shown = (path: string) => relative(process.cwd(), path) || '.';

const files = {
  raw: join(root, 'data-samples', 'customers_raw.csv'),
  config: join(root, 'configs', 'customers_tokenization.yml'),
  clientKey: join(folder, 'client.key'),
  serverKey: join(folder, 'server.key'),
  apiKey: join(folder, 'api.key'),
  vault: join(folder, 'token_vault.db'),
  tokenized: join(folder, 'customers_tokenized.csv'),
  scored: join(folder, 'customers_scored.csv'),
  serverData: join(folder, 'server'),
  serverLog: join(folder, 'server.log'),
};

/** Everything a demo has made. Under a folder closed to others the database's files lie elsewhere, and a link says where. */
function removeFolder(): void {
  const link = join(files.serverData, 'files');
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
    rmSync(resolve(files.serverData, readlinkSync(link)), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
}

function step(title: string): void {
  console.log(`\n${title}`);
}

async function main(signal: AbortSignal): Promise<void> {
  removeFolder();
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const environment = {
    SDP_CRYPTO_KEY_FILE: files.clientKey,
    SDP_API_KEY_FILE: files.apiKey,
    SDP_VAULT: files.vault,
  };
  const sdp = (...args: string[]) => runSdp(args, environment, signal);

  step('1. Two keys: one for you, one for the server. The server never sees yours.');
  await sdp('keygen', '--out', files.clientKey);
  await sdp('keygen', '--out', files.serverKey);
  await writeFile(files.apiKey, `${generateApiKey()}\n`, { mode: 0o600, flag: 'wx' });

  step('2. A server with its own PostgreSQL, API and workers, on this machine only.');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let server: ServerProcess | undefined;
  try {
    server = spawnServer({ command: ['serve'], environment: serverEnvironment(port), logPath: files.serverLog });
    await untilReady(url, server, signal);
    console.log(`   ${url} is ready; its log is ${shown(files.serverLog)}`);

    step('3. Replace personal data by tokens. The originals go into your encrypted vault.');
    await sdp('tokenize-config', '--config', files.config, '--input', files.raw, '--output', files.tokenized);

    step('4. Upload the tokens and wait for the scores.');
    const upload = await sdp(
      ...['upload-batch', '--file', files.tokenized, '--client-id', 'demo'],
      ...['--processing-type', 'risk_scoring', '--server-url', url, '--wait'],
    );
    const batchId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(upload)?.[0];
    if (!batchId) throw new Error('the upload named no batch');

    step('5. Merge the scores into your raw file, here.');
    await sdp(
      ...['integrate-results', '--batch-id', batchId, '--raw-input', files.raw, '--output', files.scored],
      ...['--key-column', 'customer_id', '--server-url', url],
    );
  } finally {
    await server?.stop();
  }

  step('What came out');
  console.log(await outcomeTables(files.raw, files.tokenized, files.scored));
  console.log('Where everything is');
  for (const [what, path] of [
    ['raw customers', files.raw],
    ['tokenized, what the server saw', files.tokenized],
    ['raw + scores', files.scored],
    ['vault, encrypted', files.vault],
    ['your key', files.clientKey],
    ["the server's key", files.serverKey],
    ["the server's database", files.serverData],
    ["the server's log", files.serverLog],
  ] as const) {
    console.log(`   ${what.padEnd(32)}${shown(path)}`);
  }
  console.log('\nThe server has stopped; nothing of the demo is running. (Ctrl-C stops a running demo at any time.)');
  console.log(`Clean up with: npm run demo -- --clean   (removes ${shown(folder)})`);
}

function serverEnvironment(port: number): Readonly<Record<string, string | undefined>> {
  return {
    ...foreignEnvironment(),
    SDP_ENV: 'dev',
    SDP_PORT: String(port),
    SDP_DATA_DIR: files.serverData,
    SDP_CRYPTO_KEY_FILE: files.serverKey,
    SDP_API_KEY_FILE: files.apiKey,
    SDP_CLIENT_ID: 'demo',
  };
}

if (process.argv.includes('--clean')) {
  removeFolder();
  console.log(`Removed ${shown(folder)}.`);
} else {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    await main(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) {
      console.error('\nThe demo was stopped; nothing of it is running.');
      process.exitCode = 130;
    } else {
      console.error(`\nThe demo failed: ${(error as Error).message}`);
      console.error(`The server's log is ${shown(files.serverLog)}.`);
      process.exitCode = 1;
    }
  }
}
