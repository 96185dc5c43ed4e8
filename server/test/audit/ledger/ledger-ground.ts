import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { startTestDatabase } from '../../../../test/support/postgres.ts';
import {
  createRecordAudit,
  createRowMac,
  fileAnchor,
  type LedgerReport,
  ledgerKeyOf,
  type Sequencer,
  startSequencer,
  verifyLedger,
} from '../../../src/audit/index.ts';
import { createPool, type Pool } from '../../../src/database/index.ts';
import { createAccessLog } from '../../../src/identity/index.ts';

export interface LedgerGround {
  readonly dsn: string;
  readonly pool: Pool;
  readonly anchorPath: string;
  readonly log: string[];
  readonly serverKey: ReturnType<typeof parseMasterKey>;
  start(): Sequencer;
  /** Starts a sequencer that takes all there is, and ends it. */
  sequence(): Promise<void>;
  verify(): Promise<LedgerReport>;
  /** Rows in every source, in one transaction each. */
  fill(events: number, accesses: number): Promise<void>;
  /** Keeps what the tables hold. */
  backUp(): Promise<void>;
  /** Puts it back, by SQL alone. */
  restore(): Promise<void>;
  /** Statements of somebody who owns the database: no trigger stops them. */
  tamper(...statements: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const tables = ['audit_event', 'access_log', 'audit_leaf', 'audit_node', 'audit_head', 'audit_position'];

/** A database with a ledger, and an anchor in a file. */
export async function ledgerGround(): Promise<LedgerGround> {
  const database = await startTestDatabase();
  const dir = mkdtempSync(join(tmpdir(), 'sdp-ledger-'));
  const pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  const own = createPool({ dsn: database.dsn, applicationName: 'test-ledger', maxConnections: 4 });
  const serverKey = parseMasterKey(generateMasterKeyText());
  const anchorPath = join(dir, 'heads.ndjson');
  const anchor = fileAnchor(anchorPath);
  const log: string[] = [];
  const line = (_fields: object, message?: string) => void log.push(message ?? '');
  const logger = { error: line, warn: line, info: line } as never;
  const recordAudit = createRecordAudit(serverKey);
  const sequencers: Sequencer[] = [];
  const start = () => {
    const sequencer = startSequencer({ pool: own, key: ledgerKeyOf(serverKey), anchor, logger, intervalMs: 20 });
    sequencers.push(sequencer);
    return sequencer;
  };
  const tamper = async (...statements: readonly string[]): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('SET session_replication_role = replica');
      for (const statement of statements) await client.query(statement);
    } finally {
      client.release(true);
    }
  };
  return {
    ...{ dsn: database.dsn, pool, anchorPath, log, serverKey, start },
    async sequence() {
      const sequencer = start();
      await sequencer.flush();
      await sequencer.close();
    },
    verify: () => verifyLedger({ pool, serverKey, anchor }),
    async fill(events, accesses) {
      for (let i = 0; i < events; i++) {
        const actor = { kind: 'user', id: `user-${i % 3}` } as const;
        await recordAudit(pool, {
          actor,
          action: 'record.edited',
          subject: `batch.${i}`,
          clientId: 'acme',
          detail: { i },
        });
      }
      const accessLog = createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined });
      for (let i = 0; i < accesses; i++) {
        await accessLog.record({
          ...{ principal: undefined, permission: 'jobs:read', resource: 'GET /api/v1/jobs', resourceId: `id-${i}` },
          ...{ allowed: i % 2 === 0, code: i % 2 === 0 ? undefined : 'forbidden', requestId: randomUUID() },
        });
      }
      await accessLog.close();
    },
    tamper,
    backUp: () => tamper(...tables.map((table) => `CREATE TABLE backup_${table} AS TABLE ${table}`)),
    restore: () =>
      tamper(
        ...tables.flatMap((table) => [
          `TRUNCATE ${table}`,
          `INSERT INTO ${table} ${table === 'access_log' ? 'OVERRIDING SYSTEM VALUE' : ''} TABLE backup_${table}`,
        ]),
      ),
    async stop() {
      for (const sequencer of sequencers) await sequencer.close();
      await pool.end();
      await own.end();
      await database.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
