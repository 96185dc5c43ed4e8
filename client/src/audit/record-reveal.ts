import { UsageError } from '@sdp/shared/errors';
import type { CommandContext } from '../commands/context.ts';
import type { Vault } from '../vault/index.ts';
import { bulkRevealLimit, type RevealEntry, type RevealRequest } from './reveal-request.ts';

/**
 * Writes into the audit log that values are going to be revealed. When it returns, the line is on the disk: call it
 * before the first value leaves the vault, and end it with `released` or `failed`.
 *
 * @throws {UsageError} `reason-missing` when more than {@link bulkRevealLimit} values are asked for without a reason
 * @throws {VaultError} `audit-unwritable`: nothing may be revealed then
 * @throws {IntegrityError} `audit-tampered`
 */
export function recordReveal(
  _context: CommandContext,
  _vault: Vault,
  { reason, cells = 0 }: RevealRequest,
): RevealEntry {
  const limit = reason === undefined ? bulkRevealLimit : Number.POSITIVE_INFINITY;
  const assertAllowed = (count: number) => {
    if (count > limit) throw new UsageError('reason-missing');
  };
  assertAllowed(cells);
  let counted = 0;
  return {
    get cells() {
      return counted;
    },
    count: (more = 1) => {
      counted += more;
      assertAllowed(counted);
    },
    released: () => undefined,
    failed: () => undefined,
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
