import { UnavailableError } from '@sdp/shared/errors';
import pg from 'pg';
import { asDatabaseError, sqlStateOf } from '../../database/index.ts';
import type { BusLogger } from '../bus-logger.ts';
import { pause, retryDelayMs } from '../retry.ts';

export interface ControlConnectionOptions {
  readonly dsn: string;
  readonly logger: BusLogger;
  /** Of what other processes say. */
  readonly onNotification: (payload: string) => void;
  /** Notifications before this may have been missed. */
  readonly onConnected: () => void;
}

const channel = 'sdp_bus';
const applicationName = 'sdp-bus';
/** What a process says when it begins to listen. */
const greeting = '';
const censusMs = 5_000;
const othersSql = `
  SELECT 1 FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = '${applicationName}' AND pid <> pg_backend_pid() LIMIT 1`;
const reconnect = { maxAttempts: 0, initialDelayMs: 50, maxDelayMs: 2_000 };

/**
 * The bus's own connection: notifications both ways, leases and plain offset commits. It commits without waiting for the
 * disk: after a crash of the database such a row may be older than it was, which costs a repeated message and nothing else
 * (a fencing number that is given twice goes with another member id).
 */
export class ControlConnection {
  readonly #options: ControlConnectionOptions;
  #client: pg.Client | undefined;
  #connecting: Promise<pg.Client> | undefined;
  #closed = false;
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #toNotify = new Set<string>();
  #notifying: Promise<void> | undefined;
  /** Whether other processes listen; to nobody there is nothing to say. */
  #hasOthers = true;
  #census: NodeJS.Timeout | undefined;

  constructor(options: ControlConnectionOptions) {
    this.#options = options;
  }

  /** No other process uses the bus, as far as is known here. */
  get isAlone(): boolean {
    return !this.#hasOthers;
  }

  /** Connects, and from then on stays connected until {@link close}. */
  async open(): Promise<void> {
    await this.#connected();
  }

  /** @throws {UnavailableError} `bus-unavailable` */
  async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<pg.QueryResult<R>> {
    const answer = this.#last.then(async () => {
      const client = await this.#connected();
      try {
        return await client.query<R>({ name: statementName(text), text, values: values as unknown[] });
      } catch (error) {
        if (sqlStateOf(error) === undefined) this.#drop(client);
        throw error;
      }
    });
    // One at a time: the driver is giving up its own queue.
    this.#last = answer.catch(() => undefined);
    try {
      return await answer;
    } catch (error) {
      throw busError(error);
    }
  }

  /** Wakes other processes soon, if there are any; payloads that are waiting already are not repeated. */
  notify(payloads: Iterable<string>): void {
    if (!this.#hasOthers) return;
    for (const payload of payloads) this.#toNotify.add(payload);
    this.#notifying ??= this.#notifyAll().finally(() => {
      this.#notifying = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#notifying;
    this.#closed = true;
    clearInterval(this.#census);
    this.#closing.abort();
    await this.#connecting?.catch(() => undefined);
    await this.#client?.end().catch(() => undefined);
  }

  async #notifyAll(): Promise<void> {
    while (this.#toNotify.size > 0) {
      const payloads = [...this.#toNotify];
      this.#toNotify = new Set();
      // If it fails, the readers' slow poll finds the messages.
      await this.query(`SELECT pg_notify('${channel}', p) FROM unnest($1::text[]) AS p`, [payloads]).catch(
        () => undefined,
      );
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#closed) throw new UnavailableError('bus-unavailable', { message: 'The bus is closed' });
    if (this.#client !== undefined) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.dsn,
      application_name: applicationName,
      connectionTimeoutMillis: 5_000,
      // A connection that hangs must not hold up the renewal of leases.
      query_timeout: 5_000,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('notification', ({ payload, processId }) => {
      if (processId !== (client as { processID?: number }).processID) this.#onNotification(payload ?? greeting);
    });
    client.once('end', () => this.#onEnd(client));
    try {
      await client.connect();
      await client.query(`SET synchronous_commit = off; LISTEN ${channel}; NOTIFY ${channel}, '${greeting}'`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    this.#hasOthers = true;
    this.#census ??= setInterval(() => void this.#countOthers(), censusMs).unref();
    void this.#countOthers();
    this.#options.onConnected();
    return client;
  }

  #onNotification(payload: string): void {
    this.#hasOthers = true;
    if (payload !== greeting) this.#options.onNotification(payload);
  }

  /** Whoever comes later greets; a message between the two is found by the newcomer's slow poll. */
  async #countOthers(): Promise<void> {
    const { rowCount } = await this.query(othersSql, []).catch(() => ({ rowCount: 1 }));
    this.#hasOthers = rowCount !== 0;
  }

  /** No answer in time, or none of the server's: what else waits on this connection would wait for nothing. */
  #drop(client: pg.Client): void {
    void client.end().catch(() => undefined);
    this.#onEnd(client);
  }

  #onEnd(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (!this.#closed) void this.#comeBack();
  }

  /** Reconnects without being asked: readers would wait for notifications in vain. */
  async #comeBack(): Promise<void> {
    this.#options.logger.warn({}, 'bus connection lost, reconnecting');
    for (let failures = 1; !this.#closed && this.#client === undefined; failures++) {
      await this.#connected().catch(() => undefined);
      if (this.#client === undefined) await pause(retryDelayMs(reconnect, failures), this.#closing.signal);
    }
  }
}

const names = new Map<string, string>();

/** A name under which the server keeps the plan: each of these few statements runs many times a second. */
export function statementName(text: string): string {
  const known = names.get(text) ?? `sdp-bus-${names.size}`;
  names.set(text, known);
  return known;
}

/** To whoever uses the bus, a database that is away is a bus that is away. */
export function busError(error: unknown): unknown {
  const mapped = asDatabaseError(error);
  if (!(mapped instanceof UnavailableError) || mapped.code === 'bus-unavailable') return mapped;
  return new UnavailableError('bus-unavailable', {
    message: 'The database of the embedded bus cannot be reached',
    remedy: 'Check DB_DSN and that PostgreSQL is running.',
  });
}
