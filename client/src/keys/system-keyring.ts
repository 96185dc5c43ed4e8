import { ConfigError } from '@sdp/shared/errors';

/** Where the system keeps secrets of its user. */
export interface SystemKeyring {
  /** @returns `undefined` if there is none of that name */
  read(name: string): Promise<string | undefined>;
  write(name: string, secret: string): Promise<void>;
  remove(name: string): Promise<void>;
}

const service = 'sdp';

/**
 * Keychain of macOS, Credential Manager of Windows, Secret Service of Linux (GNOME Keyring, KWallet). On Linux nothing
 * else will do: the kernel's keyring, which the library would fall back to, forgets at the next start.
 *
 * @throws {ConfigError} `key-source-invalid` where the library, or a keyring, isn't there
 */
export async function openSystemKeyring(): Promise<SystemKeyring> {
  let library: typeof import('@napi-rs/keyring');
  try {
    library = await import('@napi-rs/keyring');
  } catch {
    throw new ConfigError('key-source-invalid', {
      message: 'Support for the keyring of this system is not installed',
      remedy: 'Install the optional dependencies (npm ci without --omit=optional), or use another source of the key.',
    });
  }
  const entry = (name: string) => new library.AsyncEntry(service, name, { linux: { store: 'secret-service' } });
  return {
    read: async (name) => (await reaching(() => entry(name).getPassword())) ?? undefined,
    write: (name, secret) => reaching(() => entry(name).setPassword(secret)),
    remove: async (name) => void (await reaching(() => entry(name).deletePassword())),
  };
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    // The library's message may name the entry and what was wrong with it; that it can't be reached is what counts.
    throw new ConfigError('key-source-invalid', {
      message: 'The keyring of this system cannot be reached, or is locked',
      remedy: 'Unlock it, on Linux within a session that has a Secret Service, or use another source of the key.',
    });
  }
}
