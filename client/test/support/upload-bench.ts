import type { Environment } from '../../src/commands/context.ts';
import { integrateResultsCommand } from '../../src/commands/integrate-results.ts';
import type { ServerTuning } from '../../src/commands/server-connection.ts';
import { uploadBatchCommand } from '../../src/commands/upload-batch.ts';
import { ProtocolServer, type ProtocolServerOptions } from './protocol-server.ts';
import { type CommandRun, runCommand, temporaryFolder } from './run-command.ts';
import { type FixtureColumn, type TokenizedFixture, writeFixture } from './tokenized-file.ts';

/** Retries at once, so that no test waits. */
export const quickRetry: ServerTuning = {
  retry: { maxRetries: 4, initialDelayMs: 1, maxDelayMs: 2, maxRetryAfterSeconds: 5 },
};

/** A tokenized file, a server and the commands between them. */
export interface UploadBench {
  readonly folder: string;
  readonly server: ProtocolServer;
  readonly fixture: TokenizedFixture;
  readonly env: Environment;
  upload(argv?: readonly string[], env?: Environment, stdin?: string): Promise<CommandRun>;
  integrate(batchId: string, argv?: readonly string[], env?: Environment): Promise<CommandRun>;
  close(): Promise<void>;
}

export async function uploadBench(
  options: ProtocolServerOptions = {},
  file: { readonly columns?: readonly FixtureColumn[]; readonly rows?: number } = {},
): Promise<UploadBench> {
  const folder = temporaryFolder();
  const server = await ProtocolServer.start(options);
  const fixture = await writeFixture(folder.path, file);
  const env: Environment = {
    SDP_CRYPTO_KEY: fixture.keyText,
    SDP_VAULT: fixture.vaultPath,
    SDP_API_KEY: server.apiKey,
    SDP_SERVER_URL: server.url,
    SDP_CLIENT_ID: 'acme',
  };
  // An option given twice counts the second time.
  const uploadDefaults = ['--file', fixture.tokenizedPath, '--processing-type', 'risk_scoring', '--json'];
  return {
    folder: folder.path,
    server,
    fixture,
    env,
    upload: (argv = [], more = {}, stdin = '') =>
      runCommand((context) => uploadBatchCommand(context, quickRetry), [...uploadDefaults, ...argv], {
        env: { ...env, ...more },
        cwd: folder.path,
        stdin,
      }),
    integrate: (batchId, argv = [], more = {}) =>
      runCommand(
        (context) => integrateResultsCommand(context, quickRetry),
        [
          ...['--batch-id', batchId, '--raw-input', fixture.rawPath, '--output', `${folder.path}/out.csv`],
          ...['--key-column', 'customer_id', '--json', ...argv],
        ],
        { env: { ...env, ...more }, cwd: folder.path },
      ),
    async close() {
      await server.close();
      folder.remove();
    },
  };
}
