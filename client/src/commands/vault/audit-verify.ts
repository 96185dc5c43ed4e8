import { IntegrityError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { type LogDamage, type LogReport, verifyLogs } from '../../audit/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import type { Vault } from '../../vault/index.ts';
import { type CommandContext, pathForPeople, vaultPathFrom } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

/** `sdp vault audit verify` */
export function auditVerifyCommand(context: CommandContext): Command {
  return vaultSubcommand('verify', 'check that the log is whole')
    .description(
      'Finds lines that were changed, taken out, put in or moved, a missing end, and a log that was put back to an older copy.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault audit verify --vault token_vault.db\n')
    .action((flags: VaultFlags) => withVault(context, flags, (vault) => verify(context, flags, vault)));
}

async function verify(context: CommandContext, flags: VaultFlags, vault: Vault): Promise<void> {
  const reports = await verifyLogs(context, vault, vaultPathFrom(context, flags.vault));
  assertWhole(context, reports);
  const lines = reports.reduce((sum, report) => sum + report.lines, 0);
  const reveals = reports.reduce((sum, report) => sum + report.reveals, 0);
  const unfinished = reports.reduce((sum, report) => sum + report.unfinished.length, 0);
  for (const { path, clockSetBack } of reports) {
    for (const line of clockSetBack) {
      context.terminal.warn(
        `line ${line} of ${pathForPeople(context, path)} has a time before an earlier line: the clock was set back`,
      );
    }
  }
  for (const { file } of reports.flatMap(({ aside }) => aside.filter(({ state }) => state === 'missing'))) {
    context.terminal.warn(`the log that was put aside as ${file} is not beside its successor and was not checked`);
  }
  for (const { path, headKnown } of reports) {
    if (headKnown) continue;
    context.terminal.warn(
      `no head of ${pathForPeople(context, path)} is kept on this machine: whether lines are missing at its end cannot be told`,
    );
  }
  context.terminal.result(
    reports.length === 0
      ? 'No reveal has been recorded for this vault.'
      : [
          `The audit log is whole: ${counted(lines, 'line')}, ${counted(reveals, 'reveal')}.`,
          ...(unfinished === 0
            ? []
            : [`${formatNumber(unfinished)} of them have no outcome: they were killed, or are running.`]),
          ...reports.map(({ path }) => `log  ${pathForPeople(context, path)}`),
        ],
    {
      ok: true,
      lines,
      reveals,
      unfinished,
      logs: reports.map((report) => ({
        path: report.path,
        lines: report.lines,
        reveals: report.reveals,
        unfinished: report.unfinished,
        head_known: report.headKnown,
        clock_set_back: report.clockSetBack,
        aside: report.aside,
      })),
    },
  );
}

const counted = (count: number, what: string) => `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;

/** @throws {IntegrityError} `audit-tampered` that names the first bad line of each log */
export function assertWhole(context: CommandContext, reports: readonly LogReport[]): void {
  const bad = reports.flatMap((report) => (report.damage === undefined ? [] : [{ ...report, damage: report.damage }]));
  const [first] = bad;
  if (first === undefined) return;
  throw new IntegrityError('audit-tampered', {
    message: 'The audit log is not as it was written',
    remedy:
      'Keep the log as it is for whoever looks into it, then begin a new one with `sdp vault audit restart --reason TEXT`.',
    details: {
      file: first.path,
      findings: bad.map(({ path, damage, lines }) => ({
        message: `${pathForPeople(context, path)}: ${damageTexts[damage.kind]} (good before it: ${counted(lines, 'line')})`,
        ...(damage.line === undefined ? {} : { line: damage.line }),
      })),
    },
  });
}

const damageTexts: Readonly<Record<LogDamage['kind'], string>> = {
  'log-missing': 'the log was removed',
  'line-changed': 'the line was changed',
  'lines-missing': 'lines before this one were taken out',
  'lines-moved': 'the line was moved or put in',
  'foreign-line': 'the line is of another log',
  'line-cut': 'the line is cut short',
  'end-missing': 'lines are missing at its end, or it is an older copy',
  'end-replaced': 'the line is not the one that was written last',
  'log-replaced': 'the log was replaced by another one',
  'head-changed': 'the remembered end of the log was changed',
  'aside-changed': 'the log that was put aside when it was begun was changed since',
};
