import { type Queryable, query } from '../../database/index.ts';
import type { Matcher } from '../rules/matcher-rules.ts';
import type { Silence } from '../rules/silence-rules.ts';

/** A row of `alert_silence`. */
export interface SilenceRow {
  readonly silence_id: string;
  readonly client_id: string;
  readonly matcher: Matcher;
  readonly reason: string;
  readonly created_by_kind: string;
  readonly created_by_id: string;
  readonly created_at: Date;
  readonly ends_at: Date;
  readonly ended_at: Date | null;
  readonly ended_by_kind: string | null;
  readonly ended_by_id: string | null;
}

/** Those that hold now. */
export async function activeSilences(db: Queryable): Promise<readonly Silence[]> {
  const { rows } = await query<SilenceRow>(
    db,
    'SELECT * FROM alert_silence WHERE ends_at > clock_timestamp() AND ended_at IS NULL',
  );
  return rows.map(({ silence_id: silenceId, client_id: clientId, matcher, created_at: startsAt, ends_at: endsAt }) => ({
    ...{ silenceId, clientId, matcher, startsAt, endsAt },
  }));
}
