import type { KeyUsage } from '@sdp/shared/messaging';
import { asDatabaseError, type Pool } from '../database/index.ts';

/** Counts in PostgreSQL what message keys seal, for all processes together. */
export class PostgresKeyUsage implements KeyUsage {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async reserve(keyId: string, count: number): Promise<number> {
    try {
      const { rows } = await this.#pool.query<{ reserved: string }>(
        `INSERT INTO message_key_usage AS u (key_id, reserved) VALUES ($1, $2)
         ON CONFLICT (key_id) DO UPDATE SET reserved = u.reserved + excluded.reserved
         RETURNING reserved`,
        [keyId, count],
      );
      return Number(rows[0]?.reserved);
    } catch (error) {
      throw asDatabaseError(error);
    }
  }
}
