import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MasterKey } from '@sdp/shared/crypto';
import { randomMethod } from '@sdp/shared/tokenization';
import { openVault, type Vault } from '../vault/index.ts';
import type { TokenizingAuthority } from './column-authority.ts';

/** Replaces values as a run would, and stores nothing. */
export interface UntouchedVault {
  readonly authority: TokenizingAuthority;
  close(): Promise<void>;
}

/**
 * The vault at `path`, opened for reading alone; where there is none, one of the same key that is gone when this one is
 * closed. Tokens, hashes and encrypted values are those of a real run; random tokens differ each time, and a card's
 * surrogate is another one in the rare case that its first is taken.
 */
export async function openUntouched(path: string, masterKey: MasterKey): Promise<UntouchedVault> {
  const folder = existsSync(path) ? undefined : await mkdtemp(join(tmpdir(), 'sdp-preview-'));
  try {
    const vault =
      folder === undefined
        ? await openVault({ path, masterKey, readOnly: true })
        : await openVault({ path: join(folder, 'scratch.db'), masterKey, create: true });
    return {
      authority: withoutStoring(vault),
      close: async () => {
        try {
          await vault.close();
        } finally {
          await discard(folder);
        }
      },
    };
  } catch (error) {
    await discard(folder);
    throw error;
  }
}

function withoutStoring(vault: Vault): TokenizingAuthority {
  return {
    tokenizer: (namespace, options) => vault.tokenOf(namespace, options?.canonical),
    randomTokenizer: () => {
      const method = randomMethod(() => randomBytes(16).toString('hex'));
      return (value) => method(value) as ReturnType<ReturnType<Vault['randomTokenizer']>>;
    },
    surrogates: (_namespace, candidate) => (value) => candidate(value, 0),
    hasher: (namespace) => vault.hasher(namespace),
    keyed: (namespace) => vault.keyed(namespace),
    spellings: () => 0,
  };
}

async function discard(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
