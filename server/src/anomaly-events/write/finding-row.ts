import { createHash } from 'node:crypto';
import { canonicalJson } from '@sdp/shared/crypto';
import type { AnomalyFinding, FindingEvidence } from '../anomaly-finding.ts';
import { storableJson, storableKey, storableText } from './storable.ts';

/** A finding as the statement that stores it takes it. */
export interface FindingRow {
  readonly client_id: string;
  readonly dedupe_key: string;
  /** Hex: of the same events, the same. */
  readonly evidence_key: string;
  readonly timestamp: string;
  readonly is_alert: boolean;
  readonly alert_type: string;
  readonly alert_level: string;
  readonly alert_title: string;
  readonly alert_message: string;
  readonly user_id: string | null;
  readonly tags: unknown;
  readonly metrics: unknown;
  readonly detector: string;
  readonly detector_version: string;
  readonly explanation: unknown;
  readonly evidence: unknown;
  readonly group_key: string;
}

export function findingRow(finding: AnomalyFinding): FindingRow {
  const { clientId, dedupeKey, at, level, isAlert = level !== 'INFO', userId, evidence } = finding;
  return {
    client_id: clientId,
    dedupe_key: storableKey(dedupeKey),
    evidence_key: evidenceKey(evidence),
    timestamp: at.toISOString(),
    is_alert: isAlert,
    alert_type: storableText(finding.alertType),
    alert_level: level,
    alert_title: storableText(finding.title),
    alert_message: storableText(finding.message),
    user_id: userId === undefined ? null : storableKey(userId),
    tags: storableJson(finding.tags),
    metrics: finding.metrics,
    detector: storableText(finding.detector),
    detector_version: storableText(finding.detectorVersion),
    explanation: storableJson(finding.explanation),
    evidence: {
      topic: evidence.topic,
      partition: evidence.partition,
      first_offset: evidence.firstOffset.toString(),
      last_offset: evidence.lastOffset.toString(),
      event_ids: storableJson(evidence.eventIds),
      count: evidence.count,
    },
    group_key: storableKey(finding.groupKey),
  };
}

function evidenceKey({ topic, partition, firstOffset, lastOffset, eventIds, count }: FindingEvidence): string {
  const text = canonicalJson([topic, partition, firstOffset.toString(), lastOffset.toString(), eventIds, count]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * The id of the anomaly that a key stands for: whoever stores its findings, in whatever order, gives it the same one.
 *
 * @param recurrence how many anomalies of the key were resolved before
 * @returns a UUID of version 8 (RFC 9562)
 */
export function anomalyIdOf(clientId: string, dedupeKey: string, recurrence: number): string {
  const bytes = createHash('sha256')
    .update(canonicalJson(['anomaly', clientId, dedupeKey, recurrence]))
    .digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
