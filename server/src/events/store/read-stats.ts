import {
  type EventCounts,
  type EventStats,
  type EventType,
  type LogLevel,
  logLevels,
  type StatsBucket,
} from '@sdp/shared/contracts';
import { onlyTenants, type Pool, query } from '../../database/index.ts';

/** A day is one of UTC. */
export const bucketMs: Readonly<Record<StatsBucket, number>> = {
  minute: 60_000,
  '5m': 300_000,
  hour: 3_600_000,
  day: 86_400_000,
};

export interface StatsRange {
  readonly clientId: string;
  readonly bucket: StatsBucket;
  /** The beginning of a bucket. */
  readonly from: Date;
  /** The end of one. */
  readonly to: Date;
}

interface CountRow {
  readonly start_ms: string;
  readonly type: EventType;
  readonly level: LogLevel | '';
  readonly n: string;
}

/** How many events of a client there were, bucket by bucket. */
export async function readStats(pool: Pool, { clientId, bucket, from, to }: StatsRange): Promise<EventStats> {
  const width = bucketMs[bucket];
  const { rows } = await query<CountRow>(
    onlyTenants(pool, [clientId]),
    `SELECT (floor(extract(epoch FROM minute) * 1000 / $4) * $4)::bigint AS start_ms, type, level, sum(n)::bigint AS n
       FROM event_count WHERE client_id = $1 AND minute >= $2 AND minute < $3 GROUP BY 1, 2, 3`,
    [clientId, from, to, width],
  );
  const buckets = Array.from({ length: (to.getTime() - from.getTime()) / width }, (_, n) => ({
    start: new Date(from.getTime() + n * width).toISOString(),
    ...emptyCounts(),
  }));
  const total = emptyCounts();
  for (const row of rows) {
    const counts = buckets[(Number(row.start_ms) - from.getTime()) / width];
    for (const each of counts === undefined ? [total] : [counts, total]) {
      each[row.type] += Number(row.n);
      if (row.level !== '') each.levels[row.level] += Number(row.n);
    }
  }
  return { bucket, from: from.toISOString(), to: to.toISOString(), total, buckets };
}

function emptyCounts(): EventCounts {
  const levels = Object.fromEntries(logLevels.map((level) => [level, 0])) as EventCounts['levels'];
  return { log: 0, metric: 0, transaction: 0, levels };
}
