import { ConfigError, SdpError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { type RewrapOutcome, rewrapVault } from '../../vault/maintenance/index.ts';
import type { CommandContext } from '../context.ts';
import { loadNewKey } from './other-key.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';
import { withVaultFile } from './with-vault-file.ts';

interface RewrapFlags extends VaultFlags {
  readonly newKeyFile?: string;
  readonly compromised?: boolean;
}

/** `sdp vault rewrap` */
export function vaultRewrapCommand(context: CommandContext): Command {
  return vaultSubcommand('rewrap', 'change the master key')
    .description(
      'Wraps the keys in the vault under a new master key. No entry is sealed anew and no token changes, so it takes no time; from then on only the new key opens the vault. Backups and copies made before still open with the old one.',
    )
    .option('--new-key-file <file>', 'file with the new master key (default: SDP_NEW_CRYPTO_KEY, _FILE)')
    .option('--compromised', 'the old key is known to somebody else: insists on `vault rekey` and `vault retoken`')
    .addHelpText(
      'after',
      `
Whoever had the old key and a copy of the vault has every key in it, and a new master key takes none of that back:
that is what rekey (new data key) and retoken (new token key) are for.

Example:
  $ sdp keygen --out new.key
  $ sdp vault rewrap --new-key-file new.key
  $ export SDP_CRYPTO_KEY_FILE=new.key
`,
    )
    .action((flags: RewrapFlags) => rewrap(context, flags));
}

async function rewrap(context: CommandContext, flags: RewrapFlags): Promise<void> {
  const newMaster = await newKey(context, flags);
  const options = { newMaster, compromised: flags.compromised ?? false };
  let outcome: RewrapOutcome;
  try {
    const masterKey = await loadMasterKey(context);
    outcome = await withVaultFile(context, flags, (file) => rewrapVault(file, options), { masterKey });
  } catch (error) {
    // Perhaps it was done before: then the new key opens it.
    if (!(error instanceof SdpError) || error.code !== 'vault-wrong-key') throw error;
    outcome = await withVaultFile(context, flags, (file) => rewrapVault(file, options), { masterKey: newMaster });
  }
  report(context, outcome, options.compromised);
}

async function newKey(context: CommandContext, { newKeyFile }: RewrapFlags) {
  try {
    return await loadNewKey(context, newKeyFile);
  } catch (error) {
    if (!(error instanceof SdpError) || error.code !== 'key-missing') throw error;
    throw new ConfigError('key-missing', {
      message: 'No new master key was given',
      remedy: 'Make one with `sdp keygen --out new.key` and name it with --new-key-file, or set SDP_NEW_CRYPTO_KEY.',
    });
  }
}

function report({ terminal }: CommandContext, { changed, keys }: RewrapOutcome, compromised: boolean): void {
  if (compromised) {
    terminal.warn(
      'whoever has the old key and a copy of the vault can read it: now run `sdp vault rekey`, then `sdp vault retoken`',
    );
  }
  terminal.result(
    changed
      ? `The vault’s ${keys} keys are wrapped under the new master key, which alone opens it from now on. No token changed.`
      : 'The vault has this master key already; nothing was changed.',
    { changed, keys, pending: compromised ? ['rekey', 'retoken'] : [] },
  );
}
