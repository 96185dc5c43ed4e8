import type { AnomalyDetail } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import type { RecordAudit } from '../../audit/index.ts';
import type { PoolClient } from '../../database/index.ts';
import { presentDetail } from './anomaly-row.ts';
import { findAnomaly, type Handling, handleAnomaly, historyOf } from './anomaly-store.ts';

/**
 * Brings an anomaly to another state and writes that into the audit trail, both or neither.
 *
 * @throws {RejectedError} `not-found`, `anomaly-handled`
 */
export async function handleAndRecord(
  tx: PoolClient,
  recordAudit: RecordAudit,
  anomalyId: string,
  handling: Handling,
): Promise<void> {
  const handled = await handleAnomaly(tx, anomalyId, handling);
  if (!handled) throw new RejectedError('not-found');
  if (!handled.isAllowed) throw new RejectedError('anomaly-handled');
  await recordAudit(tx, {
    actor: handling.by,
    action: handling.to === 'RESOLVED' ? 'anomaly.resolved' : 'anomaly.acknowledged',
    subject: anomalyId,
    clientId: handled.clientId,
    detail: { from: handled.from, to: handling.to },
  });
}

/** @throws {RejectedError} `not-found` */
export async function readAnomaly(tx: PoolClient, anomalyId: string): Promise<AnomalyDetail> {
  const row = await findAnomaly(tx, anomalyId);
  if (!row) throw new RejectedError('not-found');
  return presentDetail(row, await historyOf(tx, anomalyId));
}
