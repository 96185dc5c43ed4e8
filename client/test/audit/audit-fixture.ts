import { createSecretKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RevealEvent } from '../../src/audit/index.ts';
import { AuditLog, type LogPlace, type LogReport, verifyLog } from '../../src/audit/index.ts';

export const vaultId = '0123456789abcdef0123456789abcdef';
export const revealEvent: RevealEvent = {
  event: 'reveal',
  command: 'detokenize',
  operator: { user: 'alice', uid: 1000 },
  host: 'desk',
  reason: 'quarterly mailing\u2028second line',
  namespaces: ['customers.email'],
  input: 'customers_tok.csv',
};

/** A log in a folder of its own, with its head in another. */
export function auditFixture(folder: string, key = createSecretKey(randomBytes(32))) {
  const place: LogPlace = {
    logPath: join(folder, 'token_vault.db.audit.jsonl'),
    headFolder: join(folder, 'state', 'audit'),
    mode: 0o600,
  };
  const log = (now = () => new Date()) => new AuditLog({ place, vaultId, key, now });
  return {
    key,
    place,
    log,
    /** Adds `count` reveals that were released. */
    fill(count: number): void {
      for (let n = 0; n < count; n++) {
        const { seq } = log().append(revealEvent);
        log().append({ event: 'outcome', reveal: seq, status: 'released', cells: n });
      }
    },
    verify: (): Promise<LogReport | undefined> => verifyLog({ place, vaultId, key }),
  };
}
