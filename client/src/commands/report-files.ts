import { InputError, type SdpError } from '@sdp/shared/errors';
import type { FileOutcome } from '../pipeline/index.ts';
import { formatNumber, type TableCell } from '../terminal/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';

/**
 * The summary of a command that worked on several files: a row for each.
 *
 * @param warnOf tells what the user should know of a file that is done
 *
 * @throws {InputError} `files-failed` after the report when any failed; with --json its findings are the report
 */
export function reportFiles<T>(
  context: CommandContext,
  outcomes: readonly FileOutcome<T>[],
  counts: (outcome: T) => Readonly<Record<string, number>>,
  warnOf: (outcome: T, file: string) => void = () => undefined,
): void {
  const failed = outcomes.flatMap((each) => (each.status === 'failed' ? [each] : []));
  const { terminal } = context;
  const done = outcomes.flatMap((each) => (each.status === 'done' ? [counts(each.outcome)] : []));
  const names = Object.keys(done[0] ?? {});
  const name = (path: string) => pathForPeople(context, path);
  const summary = `${formatNumber(outcomes.length)} files: ${(
    ['done', 'already done', 'failed', 'not started'] as const
  )
    .map((status) => ({ status, count: outcomes.filter((each) => each.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${formatNumber(count)} ${status}`)
    .join(', ')}`;
  for (const each of outcomes) if (each.status === 'done') warnOf(each.outcome, name(each.input));
  if (failed.length > 0) {
    for (const { input, status } of outcomes) if (status !== 'failed') terminal.info(`${status}: ${name(input)}`);
    throw new InputError('files-failed', {
      message: summary,
      details: {
        findings: failed.map(({ input, error }) => ({ message: `${name(input)}: ${textOf(error)}` })),
        count: failed.length,
      },
    });
  }
  const rows = outcomes.map((each): TableCell[] => {
    const own = each.status === 'done' ? counts(each.outcome) : {};
    return [name(each.output), each.status, ...names.map((column) => own[column] ?? '')];
  });
  terminal.result([{ columns: ['output', 'status', ...names], rows }, '', summary], {
    files: outcomes.map((each) => ({
      input: each.input,
      output: each.output,
      status: each.status,
      ...(each.status === 'done' ? counts(each.outcome) : {}),
    })),
  });
}

function textOf({ message, code, details: { findings = [] } }: SdpError): string {
  const first = findings[0]?.field === undefined ? '' : `: ${findings[0].field}, ${findings[0].message}`;
  return `${message} (${code})${first}${findings.length > 1 ? `, and ${findings.length - 1} more` : ''}`;
}
