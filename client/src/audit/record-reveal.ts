import { basename } from 'node:path';
import { SdpError, UsageError } from '@sdp/shared/errors';
import type { CommandContext } from '../commands/context.ts';
import type { Vault } from '../vault/index.ts';
import { AuditLog } from './audit-log.ts';
import { auditKey, type OutcomeEvent, type RevealEvent } from './log-line.ts';
import { placeToWrite } from './log-place.ts';
import { currentHost, currentOperator } from './operator.ts';
import { bulkRevealLimit, type RevealEntry, type RevealRequest } from './reveal-request.ts';

const reasonLimit = 1_000;
const namespacesLimit = 1_000;

/**
 * Writes into the audit log that values are going to be revealed. When it returns, the line is on the disk: call it
 * before the first value leaves the vault, and end it with `released` or `failed`.
 *
 * @throws {UsageError} `reason-missing` when more than {@link bulkRevealLimit} values are asked for without a reason
 * @throws {VaultError} `audit-unwritable`: nothing may be revealed then
 * @throws {IntegrityError} `audit-tampered`
 */
export function recordReveal(context: CommandContext, vault: Vault, request: RevealRequest): RevealEntry {
  const reason = parseReason(request.reason);
  const limit = reason === undefined ? bulkRevealLimit : Number.POSITIVE_INFINITY;
  const run = request.run ?? { cells: 0 };
  const assertAllowed = (cells: number) => {
    if (cells > limit) {
      const message = `More than ${bulkRevealLimit.toLocaleString('en-US')} values are revealed only with a reason`;
      throw new UsageError('reason-missing', { message });
    }
  };
  assertAllowed(run.cells + (request.cells ?? 0));
  const place = placeToWrite(context, request.vaultPath, vault.id);
  const log = new AuditLog({ place, vaultId: vault.id, key: auditKey(vault), vault });
  const { seq } = log.append(eventOf(context, request, reason));
  let cells = 0;
  const finish = (status: OutcomeEvent['status'], code?: string) => {
    try {
      log.append({ event: 'outcome', reveal: seq, status, cells, ...(code === undefined ? {} : { code }) });
    } catch {
      context.terminal.warn('the audit log has the reveal, but what became of it could not be written');
    }
  };
  return {
    get cells() {
      return cells;
    },
    count: (more = 1) => {
      cells += more;
      run.cells += more;
      assertAllowed(run.cells);
    },
    released: () => finish('released'),
    failed: (error, { streamed = false } = {}) =>
      finish(streamed && cells > 0 ? 'partial' : 'failed', error instanceof SdpError ? error.code : 'internal'),
  };
}

/** Runs `work` between the line that announces a reveal and the one that says what became of it. */
export async function revealing<T>(
  context: CommandContext,
  vault: Vault,
  request: RevealRequest,
  work: (entry: RevealEntry) => T | Promise<T>,
): Promise<T> {
  const entry = recordReveal(context, vault, request);
  let result: T;
  try {
    result = await work(entry);
  } catch (error) {
    entry.failed(error);
    throw error;
  }
  entry.released();
  return result;
}

/** @throws {UsageError} `usage-invalid` for a reason that is empty or longer than a log should hold */
export function parseReason(text: string | undefined): string | undefined {
  const reason = text?.trim();
  if (reason === undefined) return undefined;
  if (reason !== '' && reason.length <= reasonLimit) return reason;
  throw new UsageError('usage-invalid', {
    message: `--reason has to have between 1 and ${reasonLimit} characters`,
    remedy: 'Say in a sentence why the values are needed, or name the ticket that does.',
  });
}

function eventOf(
  context: CommandContext,
  { command, namespaces, cells, input, output }: RevealRequest,
  reason: string | undefined,
): RevealEvent {
  return {
    event: 'reveal',
    command,
    operator: currentOperator(context.env),
    host: currentHost(),
    ...(reason === undefined ? {} : { reason }),
    ...(namespaces === undefined ? {} : { namespaces: [...new Set(namespaces)].sort().slice(0, namespacesLimit) }),
    ...(cells === undefined ? {} : { cells }),
    ...(input === undefined ? {} : { input: basename(input) }),
    ...(output === undefined ? {} : { output: basename(output) }),
  };
}
