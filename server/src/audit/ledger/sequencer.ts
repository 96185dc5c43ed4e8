import { type Pool, type PoolClient, query } from '../../database/index.ts';
import { errorFields, type Logger } from '../../observability/index.ts';
import type { HeadAnchor } from './anchors/head-anchor.ts';
import { isSignedWith, type LedgerKey } from './ledger-key.ts';
import { emptyLedger, type LedgerState, loadState, runRound } from './ledger-round.ts';
import { type LedgerSource, ledgerSources } from './ledger-sources.ts';
import { readRoot } from './ledger-store.ts';
import type { SignedHead } from './signed-head.ts';

export interface SequencerOptions {
  /** A connection of its own, held for as long as it is the one who writes the ledger. */
  readonly pool: Pool;
  readonly key: LedgerKey;
  readonly anchor: HeadAnchor;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
  readonly sources?: readonly LedgerSource[];
  readonly intervalMs?: number;
  /** Between two heads that are anchored, at the least. */
  readonly anchorMs?: number;
}

/**
 * `writing`: this process writes the ledger; `standby`: another one does, or nobody can; `halted`: the ledger is not what was
 * anchored, and nothing is signed until an operator has looked.
 */
export type SequencerState = 'writing' | 'standby' | 'halted';

export interface Sequencer {
  readonly state: SequencerState;
  /** The last head that this process has put into its anchor, or found there. */
  readonly anchored: SignedHead | undefined;
  /** Takes what is committed by now; for tests and commands. */
  flush(): Promise<void>;
  /** Takes and anchors what is left. */
  close(): Promise<void>;
}

/** Held by the one process that writes the ledger of this database. */
const advisoryLock = 72_707_411;
const retryMs = 1_000;

/** Starts the only writer of the ledger: of several processes one writes, and another takes over when it ends. */
export function startSequencer(options: SequencerOptions): Sequencer {
  const sequencer = new LedgerSequencer(options);
  sequencer.start();
  return sequencer;
}

class LedgerSequencer implements Sequencer {
  state: SequencerState = 'standby';
  anchored: SignedHead | undefined;
  readonly #options: SequencerOptions;
  #client: PoolClient | undefined;
  #ledger: LedgerState = emptyLedger;
  #anchoredAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;
  #warned = '';

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  start(): void {
    const { intervalMs = 250 } = this.#options;
    const next = () => {
      if (this.#isClosed) return;
      const waitMs = this.state === 'writing' ? intervalMs : Math.max(intervalMs, retryMs);
      this.#timer = setTimeout(() => void this.flush().then(next), waitMs).unref();
    };
    void this.flush().then(next);
  }

  flush(): Promise<void> {
    this.#running = this.#running.then(() => this.#round(false));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#running = this.#running.then(() => this.#round(true));
    await this.#running;
    // Whoever stands by takes over at once, not when the connection is gone.
    await this.#client?.query('SELECT pg_advisory_unlock($1)', [advisoryLock]).catch(() => undefined);
    this.#release();
  }

  async #round(isLast: boolean): Promise<void> {
    const { key, sources = ledgerSources, anchorMs = 5_000, logger } = this.#options;
    try {
      if (!this.#client && !(await this.#lead())) return;
      const client = this.#client as PoolClient;
      const before = this.#ledger;
      this.#ledger = await runRound(client, before, key, sources);
      const isDue = isLast || Date.now() - this.#anchoredAt >= anchorMs;
      if (!isDue || (await this.#anchorHead())) this.#warned = '';
    } catch (error) {
      this.#release();
      this.#warnOnce('ledger', () =>
        logger.warn(errorFields(error), 'the audit ledger could not be written, it will be tried again'),
      );
    }
  }

  /** @returns whether this process writes the ledger from now on */
  async #lead(): Promise<boolean> {
    const { pool, key, anchor, logger } = this.#options;
    const client = await pool.connect();
    let isBroken = true;
    try {
      const { rows } = await query<{ locked: boolean }>(client, 'SELECT pg_try_advisory_lock($1) AS locked', [
        advisoryLock,
      ]);
      isBroken = false;
      if (!rows[0]?.locked) {
        if (this.state !== 'halted') this.state = 'standby';
        return false;
      }
      isBroken = true;
      const loaded = await loadState(client);
      const anchored = await anchor.last();
      this.anchored = anchored;
      if (!loaded || !(await isContinued(client, loaded, anchored, key))) {
        if (this.state !== 'halted') {
          logger.error(
            {},
            'the audit ledger is not what was signed and anchored; nothing is added to it: run `sdp-server audit verify`',
          );
        }
        this.state = 'halted';
        await query(client, 'SELECT pg_advisory_unlock($1)', [advisoryLock]);
        isBroken = false;
        return false;
      }
      if (!anchored && loaded.range.size > 0) {
        logger.warn({}, 'no head of the audit ledger is anchored here: whether it was put back can not be told');
      }
      this.#ledger = loaded;
      this.#client = client;
      this.state = 'writing';
      return true;
    } finally {
      // The lock belongs to the connection: one that failed is thrown away with it.
      if (this.#client === undefined) client.release(isBroken);
    }
  }

  /** @returns whether there is nothing left to anchor */
  async #anchorHead(): Promise<boolean> {
    const { anchor, logger } = this.#options;
    const { head } = this.#ledger;
    if (!head || head.size === this.anchored?.size) return true;
    this.#anchoredAt = Date.now();
    try {
      await anchor.append(head);
      this.anchored = head;
      return true;
    } catch (error) {
      this.#warnOnce('anchor', () =>
        logger.error(errorFields(error), 'the head of the audit ledger could not be anchored, it will be tried again'),
      );
      return false;
    }
  }

  #release(): void {
    this.#client?.release(true);
    this.#client = undefined;
    if (this.state === 'writing') this.state = 'standby';
  }

  /** A state that lasts is said once. */
  #warnOnce(what: string, warn: () => void): void {
    if (this.#warned !== what) warn();
    this.#warned = what;
  }
}

/** Whether the ledger only grew since the head was anchored. */
async function isContinued(
  client: PoolClient,
  { range }: LedgerState,
  anchored: SignedHead | undefined,
  key: LedgerKey,
): Promise<boolean> {
  if (!anchored) return true;
  if (!isSignedWith(key.publicKeyText, anchored) || anchored.size > range.size) return false;
  try {
    return (await readRoot(client, anchored.size)).toString('hex') === anchored.root;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
