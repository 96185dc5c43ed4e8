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
  /** What could not be stored is kept and tried again. */
  readonly onFailed: () => void;
  readonly flushMs?: number;
}

const maxGroup = 1_000;

/** Writes `access_log`. Those that wait at the same time go into one statement. */
export function createAccessLog({ pool, onFailed, flushMs = 200 }: AccessLogOptions): AccessLog {
  const writes = new GroupCommit<CountedDecision, undefined>(async (decisions) => {
    await insert(pool, decisions);
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
      for (const [key, each] of taken) add(key, each);
    }
  };
  const add = (key: string, decision: CountedDecision): void => {
    const alike = soon.get(key);
    if (alike) alike.requests += decision.requests;
    else soon.set(key, decision);
    timer ??= setTimeout(() => {
      flushing = flush();
    }, flushMs).unref();
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

async function insert(pool: Pool, decisions: readonly CountedDecision[]): Promise<void> {
  const column = <T>(of: (decision: CountedDecision) => T) => decisions.map(of);
  await query(
    pool,
    `INSERT INTO access_log (at, principal_kind, principal_id, role, client_id, permission, resource, resource_id, allowed, code,
                             request_id, requests)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                          $9::boolean[], $10::text[], $11::text[], $12::integer[])`,
    [
      column(({ at }) => at),
      column(({ principal }) => principal?.kind ?? 'none'),
      column(({ principal }) => principal?.id ?? null),
      column(({ principal }) => principal?.role ?? null),
      column(({ principal }) => principal?.clientId ?? null),
      column(({ permission }) => permission ?? null),
      column(({ resource }) => resource),
      column(({ resourceId }) => resourceId ?? null),
      column(({ allowed }) => allowed),
      column(({ code }) => code ?? null),
      column(({ requestId }) => requestId),
      column(({ requests }) => requests),
    ],
  );
}
