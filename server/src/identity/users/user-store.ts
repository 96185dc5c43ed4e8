import { randomUUID } from 'node:crypto';
import { RejectedError } from '@sdp/shared/errors';
import { isUniqueViolation, type Pool, type PoolClient, type Queryable, query } from '../../database/index.ts';
import type { Tenants } from '../principal.ts';
import { type Owner, ownerColumns, type UserRow } from './user-row.ts';

export interface NewUser {
  readonly name: string;
  readonly owner: Owner;
  /** To begin with; none for those who sign in elsewhere. */
  readonly passwordHash: string | undefined;
}

export interface UserChange {
  readonly owner?: Owner | undefined;
  readonly state?: UserRow['state'] | undefined;
}

/** Rows of `users`. What changes them takes the caller's transaction, so that the audit trail tells of it in the same. */
export interface UserStore {
  find(userId: string): Promise<UserRow | undefined>;
  findByName(name: string): Promise<UserRow | undefined>;
  findElsewhere(issuer: string, subject: string): Promise<UserRow | undefined>;
  /** Only a user who has no password and is bound to nobody yet. */
  bindElsewhere(name: string, issuer: string, subject: string): Promise<UserRow | undefined>;
  /** Those who see no other clients than these; by name, after the one given. */
  list(tenants: Tenants, after: string | undefined, limit: number): Promise<UserRow[]>;
  /** @throws {RejectedError} `user-exists` */
  insert(tx: PoolClient, user: NewUser): Promise<UserRow>;
  /**
   * Ends the user's sessions as well.
   *
   * @throws {RejectedError} `last-admin`, `not-found`
   */
  change(tx: PoolClient, userId: string, change: UserChange): Promise<UserRow>;
  /** Ends the user's sessions, but for the one that asks. */
  setPassword(
    tx: PoolClient,
    userId: string,
    password: { readonly hash: string; readonly isInitial: boolean },
    exceptSession?: Buffer,
  ): Promise<void>;
}

/** Names are compared so. */
export function canonicalName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

export function createUserStore(pool: Pool): UserStore {
  const one = async (db: Queryable, sql: string, values: readonly unknown[]): Promise<UserRow | undefined> =>
    (await query<UserRow>(db, sql, values)).rows[0];
  return {
    find: (userId) => one(pool, 'SELECT * FROM users WHERE user_id = $1', [userId]),
    findByName: (name) => one(pool, 'SELECT * FROM users WHERE name = $1', [canonicalName(name)]),
    findElsewhere: (issuer, subject) =>
      one(pool, 'SELECT * FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2', [issuer, subject]),
    bindElsewhere: (name, issuer, subject) =>
      one(
        pool,
        `UPDATE users SET oidc_issuer = $2, oidc_subject = $3
          WHERE name = $1 AND state = 'active' AND password_hash IS NULL AND oidc_subject IS NULL RETURNING *`,
        [canonicalName(name), issuer, subject],
      ),
    async list(tenants, after, limit) {
      const { rows } = await query<UserRow>(
        pool,
        `SELECT * FROM users
          WHERE ($1::text IS NULL OR name > $1)
            AND ($3::text[] IS NULL OR (client_id IS NULL AND tenants <@ $3) OR client_id = ANY ($3))
          ORDER BY name LIMIT $2`,
        [after ?? null, limit, tenants === '*' ? null : tenants],
      );
      return rows;
    },
    async insert(tx, { name, owner, passwordHash }) {
      try {
        const row = await one(
          tx,
          `INSERT INTO users (user_id, name, role, client_id, tenants, password_hash, password_is_initial)
           VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
          [
            randomUUID(),
            canonicalName(name),
            ...ownerColumns(owner),
            ...[passwordHash ?? null, passwordHash !== undefined],
          ],
        );
        return row as UserRow;
      } catch (error) {
        throw isUniqueViolation(error, 'users_name_key') ? new RejectedError('user-exists') : error;
      }
    },
    async change(tx, userId, { owner, state }) {
      // One change at a time: two Admins can't take the role from each other at once.
      await query(tx, 'LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE');
      const before = await one(tx, 'SELECT * FROM users WHERE user_id = $1', [userId]);
      if (!before) throw new RejectedError('not-found');
      const columns = owner ? ownerColumns(owner) : [before.role, before.client_id, before.tenants];
      const row = await one(
        tx,
        'UPDATE users SET role = $2, client_id = $3, tenants = $4, state = $5 WHERE user_id = $1 RETURNING *',
        [userId, ...columns, state ?? before.state],
      );
      if (isAdmin(before)) await assertAdminLeft(tx);
      await query(tx, 'DELETE FROM user_session WHERE user_id = $1', [userId]);
      return row as UserRow;
    },
    async setPassword(tx, userId, { hash, isInitial }, exceptSession) {
      await query(tx, 'UPDATE users SET password_hash = $2, password_is_initial = $3 WHERE user_id = $1', [
        ...[userId, hash, isInitial],
      ]);
      await query(tx, 'DELETE FROM user_session WHERE user_id = $1 AND ($2::bytea IS NULL OR token_sha256 <> $2)', [
        ...[userId, exceptSession ?? null],
      ]);
    },
  };
}

function isAdmin({ role, state, tenants }: UserRow): boolean {
  return role === 'Admin' && state === 'active' && tenants.includes('*');
}

async function assertAdminLeft(tx: PoolClient): Promise<void> {
  const { rows } = await query<UserRow>(tx, "SELECT * FROM users WHERE role = 'Admin'");
  if (!rows.some(isAdmin)) throw new RejectedError('last-admin');
}
