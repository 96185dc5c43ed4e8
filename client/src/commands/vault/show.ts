import { UsageError, VaultError } from '@sdp/shared/errors';
import { tokenInEmail } from '@sdp/shared/tokenization';
import type { Command } from 'commander';
import { addReasonFlag, revealing } from '../../audit/index.ts';
import type { Vault } from '../../vault/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { readLines } from './read-lines.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

interface ShowFlags extends VaultFlags {
  readonly tokensFile?: string;
  readonly namespace?: string[];
  readonly reason?: string;
}

/** `sdp vault show` */
export function vaultShowCommand(context: CommandContext): Command {
  return addReasonFlag(
    vaultSubcommand('show', 'reveal the values of tokens')
      .argument('[tokens...]', 'tokens (or surrogates) to reveal')
      .description(
        'Prints the values of single tokens. Every call is written into the audit log before a value is shown.',
      )
      .option('--tokens-file <file>', 'file with a token on each line, - for stdin')
      .option('--namespace <names...>', 'look in these namespaces alone (default: all)'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp vault show tok_46ac1bd4bc93b2cd22dab16715cbd533 --reason "ticket 4711"\n',
    )
    .action((tokens: string[], flags: ShowFlags) => show(context, tokens, flags));
}

async function show(context: CommandContext, argv: readonly string[], flags: ShowFlags): Promise<void> {
  const { tokensFile, namespace: namespaces, reason } = flags;
  const tokens = [...argv, ...(tokensFile === undefined ? [] : await readLines(context, tokensFile))];
  if (tokens.length === 0) {
    throw new UsageError('usage-invalid', {
      message: 'No token was named',
      remedy: 'Name tokens, or give --tokens-file, with - for stdin.',
    });
  }
  await withVault(context, flags, (vault) => {
    const request = {
      vaultPath: vaultPathFrom(context, flags.vault),
      command: 'vault show',
      reason,
      cells: tokens.length,
      ...(namespaces === undefined ? {} : { namespaces }),
    };
    return revealing(context, vault, request, (entry) => {
      const reveal = revealerOf(vault, namespaces);
      const rows = tokens.map((token) => ({ token, value: reveal(token) }));
      const found = rows.filter(({ value }) => value !== undefined).length;
      if (found === 0) {
        throw new VaultError('token-unknown', {
          message: tokens.length === 1 ? 'The token is not in the vault' : 'None of the tokens is in the vault',
        });
      }
      entry.count(found);
      context.terminal.result(
        [{ columns: ['token', 'value'], rows: rows.map(({ token, value }) => [token, value ?? '(not in the vault)']) }],
        { tokens: rows.map(({ token, value }) => ({ token, value: value ?? null })), found },
      );
    });
  });
}

/** Tokens of all kinds; what isn't one may be the surrogate of a namespace. */
function revealerOf(vault: Vault, namespaces: readonly string[] | undefined): (text: string) => string | undefined {
  const reveal = vault.revealer(namespaces);
  const surrogates = vault
    .stats()
    .namespaces.filter(({ namespace, kind }) => kind === 'surrogate' && (namespaces?.includes(namespace) ?? true))
    .map(({ namespace }) => vault.surrogateRevealer(namespace));
  return (text) => {
    const value = reveal(tokenInEmail(text) ?? text);
    if (value !== undefined) return value;
    for (const find of surrogates) {
      const own = find(text);
      if (own !== undefined) return own;
    }
    return undefined;
  };
}
