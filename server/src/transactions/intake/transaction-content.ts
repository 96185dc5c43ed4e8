import type { Transaction } from '@sdp/shared/contracts';
import { deriveKey, hmacHex, lengthPrefixed, type MasterKey } from '@sdp/shared/crypto';

/** Keyed digest of what a transaction says: the same whenever it is sent again, however its fields are ordered. */
export type ContentDigest = (clientId: string, transaction: Transaction) => Buffer;

/**
 * Keyed, as a plain digest of so short a text could be guessed. Stays the same as long as the server's key does.
 */
export function contentDigest(serverKey: MasterKey): ContentDigest {
  const key = deriveKey(serverKey, 'server-transaction-content-v1');
  return (clientId, transaction) =>
    Buffer.from(
      hmacHex(
        key,
        lengthPrefixed(
          'sdp-transaction-v1',
          clientId,
          transaction.transaction_id,
          // The moment, in whatever offset it was written.
          String(Date.parse(transaction.occurred_at)),
          String(transaction.amount),
          transaction.currency,
          transaction.customer,
          transaction.card ?? '',
          transaction.terminal,
          transaction.channel ?? '',
          transaction.country ?? '',
          transaction.merchant_category ?? '',
        ),
      ),
      'hex',
    );
}
