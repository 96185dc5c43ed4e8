import type { Anomaly, AnomalyDetail, AnomalyStateChange } from '@sdp/shared/contracts';

/** A row of `anomaly_events`, as lists and streams read it. */
export interface AnomalyRow {
  readonly anomaly_id: string;
  readonly client_id: string;
  readonly timestamp: Date;
  readonly is_alert: boolean;
  readonly alert_type: string;
  readonly alert_level: Anomaly['alert_level'];
  readonly alert_title: string;
  readonly alert_message: string;
  readonly user_id: string | null;
  readonly tags: Record<string, string>;
  readonly metrics: Record<string, number>;
  readonly detector: string;
  readonly detector_version: string;
  readonly repeats: number;
  readonly last_at: Date;
  readonly found_at: Date;
  readonly state: Anomaly['state'];
  readonly state_at: Date | null;
  readonly state_by_kind: AnomalyStateChange['by']['kind'] | null;
  readonly state_by_id: string | null;
  readonly note: string | null;
}

/** The same with what only one anomaly by itself is read with. */
export interface AnomalyDetailRow extends AnomalyRow {
  readonly explanation: AnomalyDetail['explanation'];
  readonly evidence: AnomalyDetail['evidence'];
  readonly group_key: string;
}

/** Columns of {@link AnomalyRow}. */
export const anomalyColumns = [
  ...['anomaly_id', 'client_id', 'timestamp', 'is_alert', 'alert_type', 'alert_level', 'alert_title', 'alert_message'],
  ...['user_id', 'tags', 'metrics', 'detector', 'detector_version', 'repeats', 'last_at', 'found_at'],
  ...['state', 'state_at', 'state_by_kind', 'state_by_id', 'note'],
] as const;

/** @param table its alias in the statement */
export function selectAnomaly(table: string): string {
  return anomalyColumns.map((name) => `${table}."${name}"`).join(', ');
}

export function presentAnomaly(row: AnomalyRow): Anomaly {
  const { state_by_kind: kind, state_by_id: id } = row;
  return {
    anomaly_id: row.anomaly_id,
    client_id: row.client_id,
    timestamp: row.timestamp.toISOString(),
    is_alert: row.is_alert,
    alert_type: row.alert_type,
    alert_level: row.alert_level,
    alert_title: row.alert_title,
    alert_message: row.alert_message,
    user_id: row.user_id,
    tags: row.tags,
    metrics: row.metrics,
    detector: row.detector,
    detector_version: row.detector_version,
    repeats: row.repeats,
    last_at: row.last_at.toISOString(),
    found_at: row.found_at.toISOString(),
    state: row.state,
    state_at: row.state_at?.toISOString() ?? null,
    state_by: kind === null || id === null ? null : { kind, id },
    note: row.note,
  };
}

export function presentDetail(row: AnomalyDetailRow, history: readonly AnomalyStateChange[]): AnomalyDetail {
  const { explanation, evidence, group_key } = row;
  return { ...presentAnomaly(row), explanation, evidence, group_key, history: [...history] };
}

/** A row of `anomaly_state_change`. */
export interface StateChangeRow {
  readonly from_state: AnomalyStateChange['from'];
  readonly to_state: AnomalyStateChange['to'];
  readonly actor_kind: AnomalyStateChange['by']['kind'];
  readonly actor_id: string;
  readonly note: string | null;
  readonly at: Date;
}

export function presentChange(row: StateChangeRow): AnomalyStateChange {
  return {
    from: row.from_state,
    to: row.to_state,
    by: { kind: row.actor_kind, id: row.actor_id },
    at: row.at.toISOString(),
    note: row.note,
  };
}
