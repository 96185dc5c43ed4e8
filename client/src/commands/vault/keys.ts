import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { addReasonFlag, revealing } from '../../audit/index.ts';
import { AtomicFile, inputFileError } from '../../files/index.ts';
import { loadMasterKey } from '../../keys/index.ts';
import { importKeys, openKeyBundle, sealKeyBundle } from '../../vault/maintenance/index.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';
import { withVaultFile } from './with-vault-file.ts';

interface ExportFlags extends VaultFlags {
  readonly output: string;
  readonly reason?: string;
}

interface ImportFlags extends VaultFlags {
  readonly input: string;
}

/** `sdp vault keys …` */
export function vaultKeysCommand(context: CommandContext): Command {
  const command = new Command('keys')
    .summary('carry the vault’s keys to another machine')
    .description(
      'The bundle holds the keys that tokens, hashes, manifests and receipts are made with, sealed under the master key. A vault that is made from it gives the same tokens.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault keys export --output keys.bundle\n');
  command.addCommand(exportCommand(context));
  command.addCommand(importCommand(context));
  return command;
}

function exportCommand(context: CommandContext): Command {
  return addReasonFlag(vaultSubcommand('export', 'write the key bundle'))
    .description(
      'Writes the bundle, which opens with the present master key alone. It holds no data key and no value. Its export stands in the audit log.',
    )
    .requiredOption('--output <file>', 'file to write, replaced if it is there')
    .addHelpText('after', '\nExample:\n  $ sdp vault keys export --output keys.bundle\n')
    .action((flags: ExportFlags) => exportKeys(context, flags));
}

async function exportKeys(context: CommandContext, flags: ExportFlags): Promise<void> {
  const output = pathFrom(context, flags.output);
  const masterKey = await loadMasterKey(context);
  await withVault(context, flags, (vault) =>
    revealing(
      context,
      vault,
      {
        vaultPath: vaultPathFrom(context, flags.vault),
        command: 'vault keys export',
        output: flags.output,
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      },
      async () => {
        const text = await withVaultFile(context, flags, ({ keys }) => sealKeyBundle(keys, masterKey));
        const file = await AtomicFile.create(output, { mode: 0o600 });
        try {
          await file.write(Buffer.from(text));
          await file.publish();
        } finally {
          await file.discard();
        }
      },
    ),
  );
  context.terminal.result(`The keys are in ${pathForPeople(context, output)}, sealed under the present master key.`, {
    output,
  });
}

function importCommand(context: CommandContext): Command {
  return vaultSubcommand('import', 'give a new vault the keys of a bundle')
    .description(
      'Makes a vault that gives the same tokens as the one the bundle is from. A vault that holds entries under other keys is refused.',
    )
    .requiredOption('--input <file>', 'key bundle')
    .addHelpText('after', '\nExample:\n  $ sdp vault keys import --input keys.bundle --vault token_vault.db\n')
    .action((flags: ImportFlags) => importBundle(context, flags));
}

async function importBundle(context: CommandContext, flags: ImportFlags): Promise<void> {
  const input = pathFrom(context, flags.input);
  const masterKey = await loadMasterKey(context);
  const text = await readFile(input, 'utf8').catch((error: unknown) => {
    throw inputFileError(error, flags.input);
  });
  // Before a vault is made: a bundle that doesn't open makes none.
  const bundle = openKeyBundle(text, masterKey);
  const imported = await withVaultFile(context, flags, (file) => importKeys(file, bundle), {
    create: true,
    masterKey,
  });
  const vault = vaultPathFrom(context, flags.vault);
  context.terminal.result(
    imported
      ? `${pathForPeople(context, vault)} has the keys of the bundle from ${bundle.createdAt} and gives its tokens.`
      : `${pathForPeople(context, vault)} has these keys already; nothing was changed.`,
    { imported, vault, exported_at: bundle.createdAt },
  );
}
