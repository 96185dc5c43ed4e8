import { UsageError } from '@sdp/shared/errors';
import { type Command, InvalidArgumentError } from 'commander';
import { listReveals, type RevealRow, verifyLogs } from '../../audit/index.ts';
import type { Vault } from '../../vault/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { assertWhole } from './audit-verify.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

interface ShowFlags extends VaultFlags {
  readonly since?: Date;
  readonly command?: string;
  readonly last?: number;
}

/** `sdp vault audit show` */
export function auditShowCommand(context: CommandContext): Command {
  return vaultSubcommand('show', 'list the reveals')
    .description('Lists who revealed values, when, with which command and why. The log is checked on the way.')
    .option('--since <time>', 'only from then on: a date, a time in ISO 8601, or an age such as 7d or 12h', parseSince)
    .option('--command <name>', 'only of this command, such as detokenize')
    .option('--last <count>', 'only the last ones', parseCount)
    .addHelpText('after', '\nExample:\n  $ sdp vault audit show --since 30d --command detokenize\n')
    .action((flags: ShowFlags) => withVault(context, flags, (vault) => show(context, flags, vault)));
}

async function show(context: CommandContext, flags: ShowFlags, vault: Vault): Promise<void> {
  const rows: RevealRow[] = [];
  const collector = listReveals((row) => rows.push(row));
  const reports = await verifyLogs(context, vault, vaultPathFrom(context, flags.vault), collector.onLine);
  collector.end();
  const since = flags.since?.toISOString() ?? '';
  const wanted = rows
    .filter(({ reveal }) => reveal.time >= since && (flags.command === undefined || reveal.command === flags.command))
    .slice(flags.last === undefined ? 0 : -flags.last);
  context.terminal.result(
    wanted.length === 0
      ? 'No reveal fits.'
      : [
          {
            columns: ['time', 'command', 'operator', 'reason', 'values', 'outcome', 'input'],
            rows: wanted.map(({ reveal, outcome }) => [
              reveal.time.replace(/\.\d+Z$/, 'Z'),
              reveal.command,
              operatorText(reveal),
              reveal.reason ?? '',
              outcome?.cells ?? '',
              outcome === undefined ? 'unfinished' : outcome.status,
              reveal.input ?? '',
            ]),
          },
        ],
    { reveals: wanted.map(rowJson), ok: reports.every(({ damage }) => damage === undefined) },
  );
  if (!context.terminal.json) assertWhole(context, reports);
}

function operatorText({ operator }: RevealRow['reveal']): string {
  const behind = [operator.name, operator.sudo && `sudo by ${operator.sudo}`].filter(Boolean).join(', ');
  return behind === '' ? operator.user : `${operator.user} (${behind})`;
}

function rowJson({ reveal, outcome }: RevealRow): Readonly<Record<string, unknown>> {
  const { seq, time, command, operator, host, reason, namespaces, cells, input, output } = reveal;
  return {
    line: seq,
    time,
    command,
    operator,
    host,
    reason: reason ?? null,
    namespaces: namespaces ?? null,
    cells_asked: cells ?? null,
    input: input ?? null,
    output: output ?? null,
    outcome: outcome === undefined ? 'unfinished' : outcome.status,
    cells: outcome?.cells ?? null,
    code: outcome?.code ?? null,
    finished_at: outcome?.time ?? null,
  };
}

function parseSince(text: string): Date {
  const [, count, unit] = /^(\d{1,6})([dhm])$/.exec(text) ?? [];
  const minutes = { d: 1_440, h: 60, m: 1 };
  const date =
    count === undefined
      ? new Date(text)
      : new Date(Date.now() - Number(count) * minutes[unit as keyof typeof minutes] * 60_000);
  if (!Number.isNaN(date.getTime())) return date;
  throw new UsageError('usage-invalid', {
    message: '--since is no date and no age',
    remedy: 'Give a date such as 2026-11-01, a time such as 2026-11-01T12:00:00Z, or an age such as 7d, 12h or 30m.',
  });
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It has to be a number from 1.');
  return Number(text);
}
