import { readFile } from 'node:fs/promises';
import { ConfigError, UsageError } from '@sdp/shared/errors';
import { inputFileError } from '../files/index.ts';
import { isLoopbackName } from '../gateway/index.ts';
import { readSecretFile } from '../keys/index.ts';
import { type CommandContext, pathFrom } from './context.ts';

/** Values of the options that say how the gateway is reached. */
export interface GatewayAccessFlags {
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** How senders reach the gateway, and what they have to show. */
export interface GatewayAccess {
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly token: string | undefined;
}

const shortestToken = 32;
const keyBytesLimit = 64 * 1024;
const tokenForm = /^[\x21-\x7e]+$/;

/**
 * Reads certificate, key and token. Where others than this machine can reach the gateway it has to have all of them: what comes
 * in is not tokenized yet, and whoever hands in events fills the vault and the spool.
 *
 * @throws {UsageError} one of the flags for TLS without the other
 * @throws {ConfigError} `receiver-unusable` for an address off this machine without TLS or without a token; `config-invalid`,
 *   `config-unreadable` for what is named and can't be used
 */
export async function gatewayAccess(context: CommandContext, flags: GatewayAccessFlags): Promise<GatewayAccess> {
  const tls = await tlsFrom(context, flags);
  const token = tokenFrom(context);
  if (!isLoopbackName(flags.host)) {
    const missing = [
      ...(tls === undefined ? ['--tls-cert and --tls-key'] : []),
      ...(token === undefined ? ['SDP_GATEWAY_TOKEN or SDP_GATEWAY_TOKEN_FILE'] : []),
    ];
    if (missing.length > 0) {
      throw new ConfigError('receiver-unusable', {
        message: `At an address that other machines can reach the gateway needs TLS and a token; missing: ${missing.join(', ')}`,
        remedy: 'Give what is missing, or leave out --host to listen on this machine alone.',
      });
    }
  }
  return { tls, token };
}

async function tlsFrom(
  context: CommandContext,
  { tlsCert, tlsKey }: GatewayAccessFlags,
): Promise<GatewayAccess['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('usage-invalid', {
      message: `${tlsCert === undefined ? '--tls-cert' : '--tls-key'} is missing`,
      remedy: 'TLS needs both: the certificate chain and its key.',
    });
  }
  const path = pathFrom(context, tlsCert);
  const cert = await readFile(path, 'utf8').catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  const file = pathFrom(context, tlsKey);
  const key = readSecretFile(file, {
    namedBy: '--tls-key',
    limitBytes: keyBytesLimit,
    tooLarge: () => new ConfigError('config-invalid', { message: '--tls-key names no key file', details: { file } }),
  });
  return { cert, key };
}

function tokenFrom(context: CommandContext): string | undefined {
  const { SDP_GATEWAY_TOKEN: text, SDP_GATEWAY_TOKEN_FILE: file } = context.env;
  if (text && file) {
    throw new ConfigError('config-invalid', {
      message: 'SDP_GATEWAY_TOKEN and SDP_GATEWAY_TOKEN_FILE are both set',
      remedy: 'Unset the one that is not meant.',
    });
  }
  const given = text || (file ? readTokenFile(pathFrom(context, file)) : undefined);
  if (given === undefined) return undefined;
  const token = given.trim();
  if (token.length >= shortestToken && tokenForm.test(token)) return token;
  throw new ConfigError('config-invalid', {
    message: 'The token of the gateway is too short, or has characters that cannot stand in a header',
    remedy: `Take ${shortestToken} printable characters or more: openssl rand -hex 32`,
  });
}

function readTokenFile(file: string): string {
  return readSecretFile(file, {
    namedBy: 'SDP_GATEWAY_TOKEN_FILE',
    limitBytes: 4_096,
    tooLarge: () => new ConfigError('config-invalid', { message: 'The token file is too large', details: { file } }),
  });
}
