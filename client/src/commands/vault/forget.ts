import { UsageError, VaultError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { AtomicFile } from '../../files/index.ts';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber, type Table } from '../../terminal/index.ts';
import {
  checkCertificate,
  countForgettable,
  type EntrySelection,
  type ErasureCertificate,
  type ForgetOutcome,
  forgetEntries,
} from '../../vault/erasure/index.ts';
import { toolVersion } from '../../version.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from '../context.ts';
import { readLines } from './read-lines.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';
import { withVaultFile } from './with-vault-file.ts';

/** Entries that are erased without being asked twice. */
const unconfirmedEntries = 10;

interface ForgetFlags extends VaultFlags {
  readonly tokensFile?: string;
  readonly valuesFile?: string;
  readonly prompt?: boolean;
  readonly namespace?: string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly certificate?: string;
  readonly check?: string;
}

/** `sdp vault forget` */
export function vaultForgetCommand(context: CommandContext): Command {
  return vaultSubcommand('forget', 'erase values for good')
    .argument('[tokens...]', 'tokens (or surrogates) whose values are erased')
    .description(
      'Erases values so that nothing of them is left in the vault’s files, and leaves a tombstone, a keyed digest, that merge and restore obey. Values are read from a file or asked for; never give them as arguments.',
    )
    .option('--tokens-file <file>', 'file with a token on each line, - for stdin')
    .option('--values-file <file>', 'file with a value on each line, - for stdin')
    .option('--prompt', 'ask for one value, without showing what is typed')
    .option('--namespace <names...>', 'look in these namespaces alone (default: all)')
    .option('--dry-run', 'count what would be erased, and change nothing')
    .option('--yes', `needed to erase more than ${unconfirmedEntries} entries`)
    .option('--certificate <file>', 'write the certificate there')
    .option('--check <file>', 'check a certificate that this vault has made, and erase nothing')
    .addHelpText(
      'after',
      `
A value is found in every namespace, in any spelling that its canonical form brings together. The same value may be
tokenized again later. What cannot be reached from here: backups, tokenized files, copies that a file system or a
solid-state disk keeps.

Example:
  $ sdp vault forget --values-file erase.txt --dry-run
  $ sdp vault forget --values-file erase.txt --certificate erased.json --yes
  $ sdp vault forget --check erased.json
`,
    )
    .action((tokens: string[], flags: ForgetFlags) =>
      flags.check === undefined ? forget(context, tokens, flags) : check(context, flags, flags.check),
    );
}

async function forget(context: CommandContext, tokens: readonly string[], flags: ForgetFlags): Promise<void> {
  const selection = await selectionFrom(context, tokens, flags);
  const vault = { path: vaultPathFrom(context, flags.vault), masterKey: await loadMasterKey(context) };
  const expected = countForgettable(vault, selection);
  if (flags.dryRun) {
    printOutcome(context, expected);
    return;
  }
  if (expected.entries > unconfirmedEntries && !flags.yes) {
    throw new UsageError('confirmation-needed', {
      message: `${formatNumber(expected.entries)} entries would be erased, which cannot be undone`,
      remedy: 'See what they are with --dry-run, and add --yes.',
    });
  }
  // Made before anything is erased: a certificate that cannot be written must not be found out afterwards.
  const file =
    flags.certificate === undefined
      ? undefined
      : await AtomicFile.create(pathFrom(context, flags.certificate), { mode: 0o600 });
  const progress = context.terminal.progress('erasing', { unit: 'bytes' });
  try {
    const certificate = forgetEntries(vault, selection, toolVersion, {
      onStep: (step) => progress.label(step),
      onSearched: (bytes, total) => progress.update(bytes, total),
    });
    progress.stop();
    if (!certificate.complete) {
      throw new VaultError('erasure-unfinished', { details: { count: certificate.entries } });
    }
    await file?.write(Buffer.from(`${JSON.stringify(certificate, undefined, 2)}\n`));
    await file?.sync();
    await file?.publish();
    printCertificate(context, certificate, flags.certificate);
  } finally {
    progress.stop();
    await file?.discard();
  }
}

async function selectionFrom(
  context: CommandContext,
  argv: readonly string[],
  { tokensFile, valuesFile, prompt, namespace }: ForgetFlags,
): Promise<EntrySelection> {
  if (tokensFile === '-' && valuesFile === '-') {
    throw new UsageError('usage-invalid', { message: 'Only one list can come from stdin' });
  }
  const tokens = [...argv, ...(tokensFile === undefined ? [] : await readLines(context, tokensFile))];
  const values = valuesFile === undefined ? [] : await readLines(context, valuesFile);
  if (prompt) values.push(await askForValue(context));
  if (tokens.length + values.length === 0) {
    throw new UsageError('usage-invalid', {
      message: 'Nothing was named that should be erased',
      remedy: 'Name tokens, or give --tokens-file, --values-file or --prompt.',
    });
  }
  return { tokens, values, ...(namespace === undefined ? {} : { namespaces: namespace }) };
}

async function askForValue({ prompt }: CommandContext): Promise<string> {
  const value = await prompt?.('Value to erase: ');
  if (value !== undefined && value !== '') return value;
  throw new UsageError('usage-invalid', {
    message: value === undefined ? 'There is no terminal to ask on' : 'No value was typed',
    remedy: 'Use --values-file, with - for stdin.',
  });
}

function printOutcome({ terminal }: CommandContext, outcome: ForgetOutcome): void {
  const { namespaces, entries, erasedBefore, unknown } = outcome;
  terminal.result(
    [
      ...tableOf('would be erased', namespaces),
      `${formatNumber(entries)} entries would be erased; of what was named, ${formatNumber(erasedBefore)} were erased before, ${formatNumber(unknown)} are not known`,
    ],
    { dry_run: true, namespaces: [...namespaces], entries, erased_before: erasedBefore, unknown },
  );
}

function tableOf(heading: string, rows: ForgetOutcome['namespaces']): readonly (string | Table)[] {
  if (rows.length === 0) return [];
  return [{ columns: ['namespace', heading], rows: rows.map((row) => [row.namespace, row.entries]) }, ''];
}

function printCertificate(context: CommandContext, certificate: ErasureCertificate, path?: string): void {
  const { erased, entries, search } = certificate;
  context.terminal.result(
    [
      ...tableOf('erased', erased),
      {
        columns: ['certificate of erasure', ''],
        rows: [
          ['vault', certificate.vault_id],
          ['time', certificate.erased_at],
          ['entries erased', entries],
          ['named, but erased before', certificate.erased_before],
          ['named, but not known', certificate.unknown],
          ['bytes searched for leftovers', search.bytes],
          ['leftovers found', search.found],
          ...certificate.not_reached.map((place): [string, string] => ['not reached', place]),
          ['state before', certificate.state_before],
          ['state after', certificate.state_after],
        ],
      },
      ...(path === undefined ? [] : ['', `certificate  ${pathForPeople(context, pathFrom(context, path))}`]),
    ],
    certificate,
  );
}

async function check(context: CommandContext, flags: ForgetFlags, path: string): Promise<void> {
  const text = (await readLines(context, path)).join('\n');
  await withVaultFile(context, flags, ({ keys }) => {
    const { erased_at, entries } = checkCertificate(keys, text);
    context.terminal.result(
      `The certificate was made by this vault: ${formatNumber(entries)} entries were erased at ${erased_at}.`,
      { ok: true, erased_at, entries },
    );
  });
}
