import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  freePort,
  type ServerOptions,
  type ServerProcess,
  spawnServer,
  untilReady,
} from '../../scripts/demo/server-process.ts';
import { canListProcesses, processesNaming } from './processes.ts';
import { type ProgramRun, type RunOptions, runProgram } from './run-program.ts';

const root = join(import.meta.dirname, '../..');
const sdpProgram = join(root, 'client/bin/sdp.js');
const serverProgram = join(root, 'server/bin/sdp-server.js');

export interface StartOptions {
  /** Of the server, beside what every server needs. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly nodeOptions?: readonly string[];
  /** The same one for a server that is started again. */
  readonly port?: number;
}

export interface ProductServer extends ServerProcess {
  readonly url: string;
  readonly port: number;
}

/**
 * The built product in a folder of its own: two keys, an API key, a vault, and as many servers as are started. Every
 * process gets the folder as TMPDIR, so that temporary files are found, and a marker in its environment, so that
 * processes that were left behind are found too.
 */
export class Product {
  /** Reachable by the account that the embedded PostgreSQL runs as. */
  readonly folder: string;
  readonly apiKey = `e2e-${randomBytes(32).toString('base64url')}`;
  readonly clientId = 'acme';
  /** Everything that `sdp` printed, for the leak search. */
  readonly printed: string[] = [];
  readonly #servers: ServerProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static create(): Product {
    // Not os.tmpdir(): TMPDIR may lie under a folder that is closed to the account PostgreSQL runs as.
    const product = new Product(
      mkdtempSync(join(process.platform === 'win32' ? (process.env['TEMP'] ?? '.') : '/tmp', 'sdp-e2e-')),
    );
    chmodSync(product.folder, 0o755);
    for (const name of ['tmp', 'server-tmp']) {
      mkdirSync(product.path(name));
      chmodSync(product.path(name), 0o1777);
    }
    for (const name of ['client.key', 'server.key'])
      product.writeSecret(name, `${randomBytes(32).toString('base64url')}\n`);
    product.writeSecret('api.key', `${product.apiKey}\n`);
    return product;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  writeSecret(name: string, content: string): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    return this.path(name);
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** What `sdp` runs with; paths in its arguments start from the product's folder. */
  clientEnvironment(): Record<string, string> {
    return {
      SDP_CRYPTO_KEY_FILE: this.path('client.key'),
      SDP_API_KEY_FILE: this.path('api.key'),
      SDP_VAULT: this.path('token_vault.db'),
      TMPDIR: this.path('tmp'),
      HOME: this.folder,
      SDP_TEST_FOLDER: this.folder,
    };
  }

  async sdp(args: readonly string[], options: RunOptions = {}): Promise<ProgramRun> {
    const run = await runProgram(process.execPath, [sdpProgram, ...args], {
      cwd: this.folder,
      ...options,
      environment: { ...this.clientEnvironment(), ...options.environment },
    });
    this.printed.push(run.stdout, run.stderr);
    return run;
  }

  /** As {@link sdp}. @throws {Error} with what it printed, unless it ends well */
  async sdpOk(args: readonly string[], options: RunOptions = {}): Promise<ProgramRun> {
    const run = await this.sdp(args, options);
    if (run.status !== 0)
      throw new Error(`sdp ${args.join(' ')} ended with status ${run.status}:\n${run.stdout}${run.stderr}`);
    return run;
  }

  /** As {@link sdpOk} with `--json`: the object it printed. */
  async sdpJson(args: readonly string[], options: RunOptions = {}): Promise<Record<string, unknown>> {
    const run = await this.sdpOk([...args, '--json'], options);
    return JSON.parse(run.stdout) as Record<string, unknown>;
  }

  serverEnvironment(): Record<string, string> {
    return {
      SDP_ENV: 'production',
      SDP_HOST: '127.0.0.1',
      SDP_DATA_DIR: this.path('server'),
      SDP_CRYPTO_KEY_FILE: this.path('server.key'),
      SDP_API_KEY_FILE: this.path('api.key'),
      SDP_CLIENT_ID: this.clientId,
      SDP_LOG_LEVEL: 'trace',
      TMPDIR: this.path('server-tmp'),
      HOME: this.folder,
      SDP_TEST_FOLDER: this.folder,
    };
  }

  /** Starts `serve` (or `api`) and waits until it is ready. */
  async startServer(options: StartOptions = {}, command: readonly string[] = ['serve']): Promise<ProductServer> {
    const port = options.port ?? (await freePort());
    const server = this.#spawn(command, {
      ...options,
      environment: { SDP_PORT: String(port), ...options.environment },
    });
    const scheme = options.environment?.['SDP_TLS_CERT_FILE'] === undefined ? 'http' : 'https';
    const url = `${scheme}://127.0.0.1:${port}`;
    // A certificate of our own is no reason for `fetch` to trust it: there the log says when the server is ready.
    if (scheme === 'http') await untilReady(url, server, AbortSignal.timeout(60_000));
    else await this.#untilLogged(url);
    return { ...server, url, port };
  }

  /** Starts a process that serves no HTTP, such as `worker --role scoring`. */
  startWorker(command: readonly string[], options: StartOptions = {}): ServerProcess {
    return this.#spawn(command, options);
  }

  /** Runs a command of the server to its end. */
  sdpServer(args: readonly string[], options: RunOptions = {}): Promise<ProgramRun> {
    const environment = { ...this.serverEnvironment(), ...options.environment };
    return runProgram(process.execPath, [serverProgram, ...args], { cwd: this.folder, ...options, environment });
  }

  serverLog(): string {
    return this.exists('server.log') ? this.read('server.log').toString() : '';
  }

  /** Command lines of processes that were started here and are still running. */
  leftovers(): string[] {
    if (!canListProcesses) return [];
    return processesNaming(this.folder).map(({ argv }) => argv.toString().replaceAll('\0', ' ').trim());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Ends everything and removes the folder. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #untilLogged(text: string): Promise<void> {
    for (const deadline = Date.now() + 60_000; !this.serverLog().includes(text); await sleep(50)) {
      if (Date.now() > deadline) throw new Error('the server did not start');
    }
  }

  #spawn(command: readonly string[], { environment, nodeOptions }: StartOptions): ServerProcess {
    const options: ServerOptions = {
      command,
      environment: { PATH: process.env['PATH'], ...this.serverEnvironment(), ...environment },
      logPath: this.path('server.log'),
      ...(nodeOptions && { nodeOptions }),
    };
    const server = spawnServer(options);
    this.#servers.push(server);
    return server;
  }
}
