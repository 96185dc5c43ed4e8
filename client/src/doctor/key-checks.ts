import { resolve } from 'node:path';
import {
  isKeyNamed,
  type KeySurroundings,
  loadMasterKey,
  type MasterKey,
  type WrapKind,
  waysIntoKeyFile,
} from '../keys/index.ts';
import { type Check, fail, failOf, ok, warn } from './check.ts';

export interface KeyOutcome {
  readonly checks: readonly Check[];
  readonly masterKey: MasterKey | undefined;
}

/** Whether there is a master key, where it comes from, and whether it opens. */
export async function checkKey(surroundings: KeySurroundings): Promise<KeyOutcome> {
  const { env, cwd } = surroundings;
  if (!isKeyNamed(env)) {
    const remedy = 'Set SDP_CRYPTO_KEY_FILE (or SDP_CRYPTO_KEY); `sdp keygen --out FILE` makes a key.';
    return {
      checks: [fail('key', 'neither SDP_CRYPTO_KEY nor SDP_CRYPTO_KEY_FILE is set', remedy)],
      masterKey: undefined,
    };
  }
  try {
    const masterKey = await loadMasterKey(surroundings);
    const file = env['SDP_CRYPTO_KEY_FILE'];
    const source = file ? await fileSource(resolve(cwd, file)) : undefined;
    const fromVariable = Boolean(env['SDP_CRYPTO_KEY']);
    const check =
      source?.sealedBy !== undefined && !fromVariable
        ? ok('key', `opens; the file is sealed by ${source.sealedBy}`)
        : fromVariable
          ? warn(
              'key',
              'opens; it stands in the environment, as it is',
              'A file (SDP_CRYPTO_KEY_FILE) keeps it from the processes that this shell starts.',
            )
          : ok('key', 'opens; the file holds it as it is, for its owner alone');
    return { checks: [check, ...(source?.single ?? [])], masterKey };
  } catch (error) {
    return { checks: [failOf('key', error)], masterKey: undefined };
  }
}

const names: Readonly<Record<WrapKind | 'age', string>> = {
  passphrase: 'a passphrase',
  recipients: 'age recipients',
  kms: 'a key service',
  keyring: 'the keyring of the system',
  age: 'age',
};

async function fileSource(file: string): Promise<{ readonly sealedBy?: string; readonly single?: readonly Check[] }> {
  const ways = await waysIntoKeyFile(file);
  if (ways.length === 0) return {};
  const single =
    ways.length > 1
      ? []
      : [
          warn(
            'key-recovery',
            'the file opens in one way only',
            'Seal it anew in a second way, such as a passphrase in a safe: `sdp keygen --reseal … --passphrase --out FILE`.',
          ),
        ];
  return { sealedBy: [...new Set(ways)].map((way) => names[way]).join(', '), single };
}
