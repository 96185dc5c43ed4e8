import { randomUUID } from 'node:crypto';
import { accessLogParts, type RowMac } from '../audit/index.ts';
import { GroupCommit, type Pool, query } from '../database/index.ts';
import type { Permission } from './permissions.ts';
import type { Principal } from './principal.ts';

/** One decision: who asked for what, and whether it was given. */
export interface AccessDecision {
  /** Undefined where nobody could be made out. */
  readonly principal: Principal | undefined;
  readonly permission: Permission | undefined;
  /** The route's pattern, never a path. */
  readonly resource: string;
  /** What the path names, where it is an id. */
  readonly resourceId: string | undefined;
  readonly allowed: boolean;
  /** Why not: a code of the registry of errors. */
  readonly code: string | undefined;
  readonly requestId: string;
}

interface CountedDecision extends AccessDecision {
  readonly at: Date;
  requests: number;
}

export interface AccessLog {
  /** Resolves once it is stored. @throws {UnavailableError} `database-unavailable` */
  record(decision: AccessDecision): Promise<void>;
  /**
   * Stored within {@link flushMs}, those that are alike as one row that counts them: for routes that are asked a thousand times a
   * second. What a process that is killed had not stored yet is lost.
   */
  recordSoon(decision: AccessDecision): void;
  /** Stores what is left. */
  close(): Promise<void>;
}

export interface AccessLogOptions {
  readonly pool: Pool;
  /** Makes the codes by which the ledger tells the server's rows from others. */
  readonly macOf: RowMac;
  /** What could not be stored is kept and tried again. */
  readonly onFailed: () => void;
  readonly flushMs?: number;
}

const maxGroup = 1_000;
const retryMs = 2_000;

/** Writes `access_log`. Those that wait at the same time go into one statement. */
export function createAccessLog({ pool, macOf, onFailed, flushMs = 200 }: AccessLogOptions): AccessLog {
  const writes = new GroupCommit<CountedDecision, undefined>(async (decisions) => {
    await insert(pool, macOf, decisions);
    return [];
  }, maxGroup);
  let soon = new Map<string, CountedDecision>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  const flush = async (): Promise<void> => {
    timer = undefined;
    const taken = soon;
    soon = new Map();
    try {
      await Promise.all([...taken.values()].map((each) => writes.run(each)));
    } catch {
      onFailed();
      for (const [key, each] of taken) add(key, each, retryMs);
    }
  };
  const add = (key: string, decision: CountedDecision, delayMs = flushMs): void => {
    const alike = soon.get(key);
    if (alike) alike.requests += decision.requests;
    else soon.set(key, decision);
    timer ??= setTimeout(() => {
      flushing = flush();
    }, delayMs).unref();
  };

  return {
    async record(decision) {
      await writes.run({ ...decision, at: new Date(), requests: 1 });
    },
    recordSoon: (decision) => add(alikeness(decision), { ...decision, at: new Date(), requests: 1 }),
    async close() {
      await flushing;
      if (timer !== undefined) clearTimeout(timer);
      await flush();
      if (timer !== undefined) clearTimeout(timer);
      await writes.drained();
    },
  };
}

function alikeness({ principal, permission, resource, resourceId, allowed, code }: AccessDecision): string {
  return JSON.stringify([
    ...[principal?.kind, principal?.id, principal?.clientId, permission],
    ...[resource, resourceId, allowed, code],
  ]);
}

async function insert(pool: Pool, macOf: RowMac, decisions: readonly CountedDecision[]): Promise<void> {
  const rows = decisions.map((decision) => {
    const { principal, at, permission, resource, resourceId, allowed, code, requestId, requests } = decision;
    const fields = {
      ...{ eventId: randomUUID(), at, resource, allowed, requestId, requests },
      principalKind: principal?.kind ?? 'none',
      principalId: principal?.id ?? null,
      role: principal?.role ?? null,
      clientId: principal?.clientId ?? null,
      permission: permission ?? null,
      resourceId: resourceId ?? null,
      code: code ?? null,
    };
    return { ...fields, mac: macOf('access_log', accessLogParts(fields)).toString('hex') };
  });
  await query(pool, insertSql, [JSON.stringify(rows)]);
}

const insertSql = `
  INSERT INTO access_log (at, principal_kind, principal_id, role, client_id, permission, resource, resource_id, allowed, code,
                          request_id, requests, event_id, mac)
  SELECT at, "principalKind", "principalId", role, "clientId", permission, resource, "resourceId", allowed, code,
         "requestId", requests, "eventId", decode(mac, 'hex')
    FROM jsonb_to_recordset($1::jsonb) AS row (at timestamptz, "principalKind" text, "principalId" text, role text,
         "clientId" text, permission text, resource text, "resourceId" text, allowed boolean, code text, "requestId" text,
         requests integer, "eventId" uuid, mac text)`;
