import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import { z } from 'zod';
import { isLoopbackHost } from '../../upload/server-url.ts';
import type { KeySurroundings } from '../key-surroundings.ts';
import { readSecretFile } from '../secret-file.ts';
import type { KeyService, KeyServiceTuning } from './key-service.ts';
import { connectToService, malformed, refused, type ServiceAnswer } from './service-request.ts';

const example = 'vault-transit://vault.example.com:8200/transit/sdp';
const remedy = 'Check that the token is valid and that its policy allows encrypt and decrypt with this key.';

const encryptAnswer = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:[A-Za-z0-9+/=]+$/) }) });
const decryptAnswer = z.object({ data: z.object({ plaintext: z.base64() }) });

/**
 * The Transit engine of HashiCorp Vault or OpenBao: `vault-transit://HOST[:PORT]/MOUNT/KEY[?namespace=…]`, over HTTPS, or
 * with `scheme=http` to this machine. The token comes from `BAO_TOKEN`, `VAULT_TOKEN`, `SDP_KMS_TOKEN_FILE` or
 * `~/.vault-token`. The context goes along as associated data (for derived keys as their context as well).
 */
export function createVaultTransit(uri: string, surroundings: KeySurroundings, tuning: KeyServiceTuning): KeyService {
  const { origin, mount, key, namespace } = parseTransitUri(uri);
  const token = tokenOf(surroundings);
  const connection = connectToService(origin, { ca: authorityOf(surroundings), signal: surroundings.signal, tuning });
  const call = async (verb: 'encrypt' | 'decrypt', body: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await connection.post(() => ({
      url: new URL(`/v1/${mount}/${verb}/${key}`, origin),
      headers: {
        'content-type': 'application/json',
        'x-vault-token': token,
        'x-vault-request': 'true',
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      body: JSON.stringify(body),
    }));
    if (answer.status === 200) return answer.json;
    throw refused(answer.status, kindOf(answer), remedy);
  };
  const bound = (context: string) => {
    const text = Buffer.from(context, 'utf8').toString('base64');
    return { associated_data: text, context: text };
  };
  return {
    wrap: async (plaintext, context) => {
      const body = { plaintext: Buffer.from(plaintext).toString('base64'), ...bound(context) };
      const parsed = encryptAnswer.safeParse(await call('encrypt', body));
      if (!parsed.success) throw malformed();
      return parsed.data.data.ciphertext;
    },
    unwrap: async (ciphertext, context) => {
      const parsed = decryptAnswer.safeParse(await call('decrypt', { ciphertext, ...bound(context) }));
      if (!parsed.success) throw malformed();
      return Buffer.from(parsed.data.data.plaintext, 'base64');
    },
    close: () => connection.close(),
  };
}

interface TransitAddress {
  readonly origin: URL;
  readonly mount: string;
  readonly key: string;
  readonly namespace: string | undefined;
}

function parseTransitUri(uri: string): TransitAddress {
  const url = URL.parse(uri.replace(/^vault-transit:/, 'https:'));
  const parts = url?.pathname.split('/').filter((part) => part !== '') ?? [];
  const key = parts.at(-1);
  const known = ['namespace', 'scheme'];
  if (
    url === null ||
    key === undefined ||
    parts.length < 2 ||
    parts.some((part) => !/^[\w.%-]+$/.test(part) || part === '..') ||
    url.username !== '' ||
    url.password !== '' ||
    [...url.searchParams.keys()].some((name) => !known.includes(name))
  ) {
    throw new ConfigError('key-source-invalid', {
      message: 'The address of the Transit key is not valid',
      remedy: `Give it as in ${example}; the token belongs in VAULT_TOKEN or SDP_KMS_TOKEN_FILE.`,
    });
  }
  const scheme = url.searchParams.get('scheme') ?? 'https';
  if (scheme !== 'https' && !(scheme === 'http' && isLoopbackHost(url.hostname))) {
    throw new ConfigError('key-source-invalid', {
      message: 'Plain HTTP to a key service is allowed to this machine only',
      remedy: 'Leave out scheme=http.',
    });
  }
  const namespace = url.searchParams.get('namespace') ?? undefined;
  return { origin: new URL(`${scheme}://${url.host}`), mount: parts.slice(0, -1).join('/'), key, namespace };
}

function tokenOf({ env, cwd }: KeySurroundings): string {
  const file = env['SDP_KMS_TOKEN_FILE'];
  const given = env['BAO_TOKEN'] || env['VAULT_TOKEN'] || (file ? tokenFile(resolve(cwd, file)) : homeToken(env));
  const token = given?.trim();
  if (token && /^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new ConfigError('key-source-invalid', {
    message: 'There is no token for the key service',
    remedy: 'Set VAULT_TOKEN (or BAO_TOKEN), or SDP_KMS_TOKEN_FILE to a file that holds it.',
  });
}

function tokenFile(path: string): string {
  const tooLarge = () =>
    new ConfigError('config-invalid', { message: 'The file named by SDP_KMS_TOKEN_FILE is too large' });
  return readSecretFile(path, { namedBy: 'SDP_KMS_TOKEN_FILE', limitBytes: 16_384, tooLarge });
}

function homeToken(env: KeySurroundings['env']): string | undefined {
  const home = env['HOME'] || env['USERPROFILE'];
  if (!home) return undefined;
  try {
    return readFileSync(join(home, '.vault-token'), 'utf8');
  } catch {
    return undefined;
  }
}

/** PEM text of the authority that signed the service's certificate, where it isn't one that the system knows. */
function authorityOf({ env, cwd }: KeySurroundings): string | undefined {
  const file = env['BAO_CACERT'] || env['VAULT_CACERT'];
  if (!file) return undefined;
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch {
    throw new ConfigError('config-unreadable', { message: 'The file named by VAULT_CACERT cannot be read' });
  }
}

/** Transit says in a sentence what is wrong; the known ones are told apart, none is repeated. */
function kindOf({ status, json }: ServiceAnswer): string | undefined {
  const text = JSON.stringify(json ?? '');
  if (status === 403) return 'permission denied';
  if (status === 404) return 'no such mount or key';
  if (/key not found/.test(text)) return 'no such key';
  if (/too old/.test(text)) return 'the key has a higher min_decryption_version than the wrapped key';
  if (/associated_data/.test(text)) return 'a key of this type does not do, take aes256-gcm96';
  if (/message authentication failed|invalid ciphertext|unable to decrypt/.test(text))
    return 'the wrapped key does not fit';
  return undefined;
}
