import type { AlertMatch, SilenceView } from '@sdp/shared/contracts';
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

export interface NewSilence {
  /** `*`: of everybody. */
  readonly clientId: string;
  readonly match: AlertMatch;
  readonly reason: string;
  readonly by: { readonly kind: string; readonly id: string };
  readonly until: Date;
}

export async function addSilence(db: Queryable, silence: NewSilence): Promise<SilenceView> {
  const { clientId, match, reason, by, until } = silence;
  const { levels, min_level: minLevel, types, tags } = match;
  const { rows } = await query<SilenceRow>(
    db,
    `INSERT INTO alert_silence (client_id, matcher, reason, created_by_kind, created_by_id, ends_at)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`,
    [clientId, JSON.stringify({ levels, minLevel, types, tags }), reason, by.kind, by.id, until],
  );
  return presentSilence(rows[0] as SilenceRow);
}

/** Newest first. */
export async function listSilences(db: Queryable, onlyActive: boolean, limit: number): Promise<readonly SilenceView[]> {
  const { rows } = await query<SilenceRow>(
    db,
    `SELECT * FROM alert_silence WHERE NOT $1 OR (ends_at > clock_timestamp() AND ended_at IS NULL)
      ORDER BY created_at DESC, silence_id LIMIT $2`,
    [onlyActive, limit],
  );
  return rows.map(presentSilence);
}

/** Ends one before its time; one that has ended stays as it is. @returns undefined where there is none */
export async function endSilence(
  db: Queryable,
  silenceId: string,
  by: { readonly kind: string; readonly id: string },
): Promise<{ readonly silence: SilenceView; readonly isEnded: boolean } | undefined> {
  const { rows: ended } = await query<SilenceRow>(
    db,
    `UPDATE alert_silence SET ended_at = clock_timestamp(), ended_by_kind = $2, ended_by_id = $3
      WHERE silence_id = $1 AND ended_at IS NULL AND ends_at > clock_timestamp() RETURNING *`,
    [silenceId, by.kind, by.id],
  );
  if (ended[0]) return { silence: presentSilence(ended[0]), isEnded: true };
  const { rows } = await query<SilenceRow>(db, 'SELECT * FROM alert_silence WHERE silence_id = $1', [silenceId]);
  return rows[0] && { silence: presentSilence(rows[0]), isEnded: false };
}

function presentSilence(row: SilenceRow): SilenceView {
  const { levels, minLevel, types, tags } = row.matcher;
  const match = {
    ...(levels && { levels: [...levels] }),
    ...(minLevel && { min_level: minLevel }),
    ...(types && { types: [...types] }),
    ...(tags && { tags: Object.fromEntries(Object.entries(tags).map(([name, values]) => [name, [...values]])) }),
  };
  const { ended_by_kind: kind, ended_by_id: id } = row;
  return {
    ...{ silence_id: row.silence_id, client_id: row.client_id, match, reason: row.reason },
    created_by: { kind: row.created_by_kind, id: row.created_by_id },
    created_at: row.created_at.toISOString(),
    until: row.ends_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    ended_by: kind === null || id === null ? null : { kind, id },
    is_active: row.ended_at === null && row.ends_at > new Date(),
  };
}
