import { partitionsLock } from '../store/anomaly-partitions.ts';

/**
 * Makes the keys' rows or locks them, in one order for everybody: whoever else writes of them waits, and the next statement sees
 * what they have written.
 */
export const lockKeysSql = `
  INSERT INTO anomaly_key AS k (client_id, dedupe_key, anomaly_id, at, evidence_key)
  SELECT client_id, dedupe_key, anomaly_id, at, decode(evidence_key, 'hex')
    FROM jsonb_to_recordset($1::jsonb)
      AS g (client_id text, dedupe_key text, anomaly_id uuid, at timestamptz, evidence_key text)
   WHERE (SELECT pg_advisory_xact_lock_shared(${partitionsLock})) IS NOT NULL
   ORDER BY client_id, dedupe_key
  ON CONFLICT (client_id, dedupe_key) DO UPDATE SET recurrence = k.recurrence
  RETURNING client_id, dedupe_key, recurrence, xmax = 0 AS is_new`;

/** Columns that tell of one finding, with their types; an anomaly has those of its earliest. */
const contentTypes = {
  timestamp: 'timestamptz',
  is_alert: 'boolean',
  alert_type: 'text',
  alert_level: 'text',
  alert_title: 'text',
  alert_message: 'text',
  user_id: 'text',
  tags: 'jsonb',
  metrics: 'jsonb',
  detector: 'text',
  detector_version: 'text',
  explanation: 'jsonb',
  evidence: 'jsonb',
  group_key: 'text',
} as const;
const content = Object.keys(contentTypes).map((name) => `"${name}"`);
const contentColumns = content.join(', ');
const contentDefinitions = Object.entries(contentTypes).map(([name, type]) => `"${name}" ${type}`);

/** Stores the findings that were not counted before, under keys that are locked. */
export const storeFindingsSql = `
  WITH given AS MATERIALIZED (
    SELECT client_id, dedupe_key, decode(evidence_key, 'hex') AS evidence_key, next_id, next_recurrence, ${contentColumns}
      FROM jsonb_to_recordset($1::jsonb) AS g (client_id text, dedupe_key text, evidence_key text, next_id uuid,
           next_recurrence int, ${contentDefinitions.join(', ')})
  ), fresh AS (
    INSERT INTO anomaly_finding (client_id, dedupe_key, evidence_key)
    SELECT client_id, dedupe_key, evidence_key FROM given ORDER BY client_id, dedupe_key, evidence_key
    ON CONFLICT DO NOTHING
    RETURNING client_id, dedupe_key, evidence_key
  ), firsts AS (
    SELECT DISTINCT ON (client_id, dedupe_key) g.*, count(*) OVER of_key AS findings, max("timestamp") OVER of_key AS last_at
      FROM given g JOIN fresh USING (client_id, dedupe_key, evidence_key)
    WINDOW of_key AS (PARTITION BY client_id, dedupe_key)
     ORDER BY client_id, dedupe_key, "timestamp", evidence_key
  ), placed AS MATERIALIZED (
    SELECT f.*, k.anomaly_id AS current_id, k.at AS current_at,
           (f."timestamp", f.evidence_key) < (k.at, k.evidence_key) AS is_earlier,
           EXISTS (SELECT FROM anomaly_events a
                    WHERE a.anomaly_id = k.anomaly_id AND a."timestamp" = k.at AND a.state <> 'RESOLVED') AS goes_on
      FROM firsts f JOIN anomaly_key k USING (client_id, dedupe_key)
  ), created AS (
    INSERT INTO anomaly_events (anomaly_id, client_id, dedupe_key, repeats, last_at, ${contentColumns})
    SELECT next_id, client_id, dedupe_key, findings - 1, last_at, ${contentColumns} FROM placed WHERE NOT goes_on
    RETURNING *
  ), repeated AS (
    UPDATE anomaly_events a
       SET repeats = a.repeats + p.findings, last_at = greatest(a.last_at, p.last_at),
           ${content.map((name) => `${name} = CASE WHEN p.is_earlier THEN p.${name} ELSE a.${name} END`).join(', ')}
      FROM placed p
     WHERE p.goes_on AND a.anomaly_id = p.current_id AND a."timestamp" = p.current_at
    RETURNING a.anomaly_id
  ), keyed AS (
    UPDATE anomaly_key k
       SET at = p."timestamp", evidence_key = p.evidence_key,
           anomaly_id = CASE WHEN p.goes_on THEN k.anomaly_id ELSE p.next_id END,
           recurrence = CASE WHEN p.goes_on THEN k.recurrence ELSE p.next_recurrence END,
           found_at = CASE WHEN p.goes_on THEN k.found_at ELSE clock_timestamp() END
      FROM placed p
     WHERE k.client_id = p.client_id AND k.dedupe_key = p.dedupe_key AND (p.is_earlier OR NOT p.goes_on)
  ), noted AS (
    INSERT INTO anomaly_state_change (client_id, anomaly_id, to_state, actor_kind, actor_id)
    SELECT client_id, anomaly_id, 'OPEN', 'system', detector FROM created ORDER BY "timestamp", anomaly_id
  ), told AS (
    INSERT INTO alert_outbox (alert_id, client_id, anomaly_id, kind, level, payload)
    SELECT anomaly_id, client_id, anomaly_id, 'anomaly', alert_level, jsonb_build_object(
             'type', alert_type, 'title', alert_title, 'message', alert_message, 'detector', detector,
             'timestamp', "timestamp", 'user_id', user_id, 'tags', tags, 'metrics', metrics, 'group_key', group_key)
      FROM created WHERE is_alert
    ON CONFLICT (alert_id) DO NOTHING
  )
  SELECT (SELECT count(*)::int FROM created) AS created, (SELECT count(*)::int FROM repeated) AS repeated`;
