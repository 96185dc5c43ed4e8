import { readFile } from 'node:fs/promises';
import { batchIdSchema, clientIdSchema } from '@sdp/shared/contracts';
import { type SdpError, UsageError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { inputFileError } from '../files/index.ts';
import { ApiClient, loadApiKey, parseServerUrl, type RetryOptions } from '../upload/index.ts';
import { type CommandContext, pathFrom } from './context.ts';

/** Options of every command that talks to a server. */
export interface ServerOptions {
  readonly serverUrl?: string;
  readonly ca?: string;
}

/** What tests change of a command. */
export interface ServerTuning {
  readonly retry?: RetryOptions;
}

export function addServerOptions(command: Command): Command {
  return command
    .option('--server-url <url>', 'address of the server; SDP_SERVER_URL if left out')
    .option('--ca <file>', 'certificate authorities to trust instead of the system’s (PEM)');
}

/** The value of an option that an environment variable may give. @throws {UsageError} when neither does */
export function required(value: string | undefined, option: string, variable?: string): string {
  if (value !== undefined && value !== '') return value;
  throw new UsageError('usage-invalid', {
    message: `${option} is missing`,
    ...(variable === undefined ? {} : { remedy: `Give ${option}, or set ${variable}.` }),
  });
}

export function parseBatchId(text: string): string {
  const parsed = batchIdSchema.safeParse(text.toLowerCase());
  if (parsed.success) return parsed.data;
  throw new UsageError('usage-invalid', {
    message: '--batch-id is not a batch id',
    remedy: '`sdp upload-batch` prints it; it looks like 0b7c2a54-6f3e-4f0a-9b1d-2f8a4c6e7d10.',
  });
}

export function parseClientId(text: string): string {
  const parsed = clientIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError('usage-invalid', {
    message: '--client-id is not a client id',
    remedy: 'It has letters, digits, ".", "_" and "-", and at most 64 characters.',
  });
}

/** Seconds as an option gives them. @throws {UsageError} */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 604_800) return seconds;
  throw new UsageError('usage-invalid', { message: '--timeout is not a number of seconds above 0' });
}

/** Opens the way to the server; nothing is sent yet. The API key comes from the environment alone. */
export async function connectToServer(
  context: CommandContext,
  options: ServerOptions,
  tuning: ServerTuning,
): Promise<ApiClient> {
  const { env, signal, terminal } = context;
  const serverUrl = parseServerUrl(
    required(options.serverUrl ?? env['SDP_SERVER_URL'], '--server-url', 'SDP_SERVER_URL'),
  );
  const ca = options.ca === undefined ? undefined : await readAuthorities(pathFrom(context, options.ca));
  return new ApiClient({
    serverUrl,
    apiKey: loadApiKey(env),
    signal,
    ...(ca === undefined ? {} : { ca }),
    ...(tuning.retry === undefined ? {} : { retry: tuning.retry }),
    onRetry: (error: SdpError, delayMs: number) =>
      terminal.warn(`${error.message}; trying again in ${(delayMs / 1_000).toFixed(1)} s`),
  });
}

export async function readAuthorities(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new UsageError('usage-invalid', {
    message: '--ca names a file without a PEM certificate',
    details: { file: path },
  });
}
