import type { MasterKey } from '@sdp/shared/crypto';
import { ledgerKeyOf, openAnchor, type Sequencer, startSequencer } from '../audit/index.ts';
import { applyMigrations, createPool, type Pool } from '../database/index.ts';
import type { Logger, Metrics } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';

export interface StartLedgerOptions {
  readonly settings: Settings;
  readonly serverKey: MasterKey;
  readonly dsn: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Writes the ledger of the audit trail in this process, unless another one does. */
export function startLedger(options: StartLedgerOptions): Sequencer & { closeAll(): Promise<void> } {
  const { settings, serverKey, dsn, metrics, logger } = options;
  // A connection of its own, held for as long as this process writes.
  const pool = createPool({
    dsn,
    applicationName: 'sdp-server-ledger',
    maxConnections: 1,
    statementTimeoutMs: 600_000,
  });
  const sequencer = startSequencer({
    ...{ pool, logger },
    key: ledgerKeyOf(serverKey),
    anchor: openAnchor(settings.audit.anchor),
    anchorMs: settings.audit.anchorMs,
  });
  metrics.watchLedger(() => sequencer.state);
  return Object.assign(sequencer, {
    closeAll: async () => {
      await sequencer.close();
      await pool.end();
    },
  });
}

export interface LedgerParts {
  readonly pool: Pool;
  readonly serverKey: MasterKey;
}

/** Runs an operator's work on the ledger of the configured database, or the embedded one, running or not. */
export async function withLedger<T>(settings: Settings, work: (parts: LedgerParts) => Promise<T>): Promise<T> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({
    ...{ dsn, applicationName: 'sdp-server-audit', maxConnections: 2 },
    statementTimeoutMs: 600_000,
  });
  try {
    await applyMigrations(dsn);
    return await work({ pool, serverKey });
  } finally {
    await pool.end();
    await stop();
  }
}
