import { keyFingerprint } from '@sdp/shared/crypto';
import { GateError } from '@sdp/shared/errors';
import { Command, CommanderError } from 'commander';
import { type Check, checkKey, checkMachine, checkServerSide, checkVault, failOf, skipped } from '../doctor/index.ts';
import { ApiClient, loadApiKey, parseServerUrl } from '../upload/index.ts';
import { type CommandContext, pathFrom, vaultPathFrom } from './context.ts';
import { addOutputFlags } from './output-flags.ts';
import { addServerOptions, readAuthorities, type ServerOptions } from './server-connection.ts';

interface DoctorFlags extends ServerOptions {
  readonly vault?: string;
}

const gateStatus = 9;

/** `sdp doctor`: looks at everything that a run needs, and says what to do about what is wrong. */
export function doctorCommand(context: CommandContext): Command {
  const command = new Command('doctor')
    .summary('check key, vault, machine and server')
    .description(
      'Looks at everything that a run needs (versions, disk, key, vault, audit log and, where one is named, the server) and says what to do about what is wrong. Changes nothing. Ends with status 9 when a check fails; warnings alone don’t count.',
    )
    .option('--vault <file>', 'vault file (default: SDP_VAULT, else token_vault.db)');
  addServerOptions(command);
  return addOutputFlags(command)
    .addHelpText('after', '\nExample:\n  $ sdp doctor --server-url https://sdp.example.com\n')
    .action((flags: DoctorFlags) => doctor(context, flags));
}

async function doctor(context: CommandContext, flags: DoctorFlags): Promise<void> {
  const vaultPath = vaultPathFrom(context, flags.vault);
  const machine = checkMachine({ cwd: context.cwd, vaultPath, now: Date.now() });
  const key = await checkKey(context);
  const vault = await checkVault(context, vaultPath, key.masterKey);
  const fingerprints = [...(key.masterKey === undefined ? [] : [keyFingerprint(key.masterKey)]), ...vault.fingerprints];
  const checks = [...machine, ...key.checks, ...vault.checks, ...(await serverChecks(context, flags, fingerprints))];
  report(context, checks);
}

async function serverChecks(
  context: CommandContext,
  flags: DoctorFlags,
  fingerprints: readonly string[],
): Promise<readonly Check[]> {
  const { env, signal } = context;
  const address = flags.serverUrl ?? (env['SDP_SERVER_URL'] || undefined);
  if (address === undefined) return [skipped('server', 'none is named by --server-url or SDP_SERVER_URL')];
  let serverUrl: URL;
  let ca: string | undefined;
  try {
    serverUrl = parseServerUrl(address);
    ca = flags.ca === undefined ? undefined : await readAuthorities(pathFrom(context, flags.ca));
  } catch (error) {
    return [failOf('server', error)];
  }
  const retry = { maxRetries: 1, initialDelayMs: 200, maxDelayMs: 500, maxRetryAfterSeconds: 2 };
  const connect = () =>
    new ApiClient({ serverUrl, apiKey: loadApiKey(env), signal, retry, ...(ca === undefined ? {} : { ca }) });
  return await checkServerSide({ serverUrl, ca, connect, fingerprints, signal });
}

function report({ terminal }: CommandContext, checks: readonly Check[]): void {
  const failed = checks.filter(({ status }) => status === 'fail');
  const advice = checks.filter(({ remedy }) => remedy !== undefined);
  terminal.result(
    [
      { columns: ['check', 'status', 'found'], rows: checks.map(({ name, status, found }) => [name, status, found]) },
      ...(advice.length === 0
        ? []
        : ['', { columns: ['check', 'what to do'], rows: advice.map(({ name, remedy = '' }) => [name, remedy]) }]),
    ],
    { ok: failed.length === 0, checks },
  );
  if (failed.length === 0) return;
  // With --json the object above says it all, and there is to be one object only.
  if (terminal.json) throw new CommanderError(gateStatus, 'sdp.doctor', 'a check failed');
  throw new GateError('gate-not-met', {
    message: `${failed.length} of ${checks.length} checks failed`,
    remedy: 'Do what stands beside them, then run `sdp doctor` again.',
  });
}
