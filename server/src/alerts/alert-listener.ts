import pg from 'pg';
import type { Pool } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';

export interface AlertListenerOptions {
  readonly pool: Pool;
  readonly wake: () => void;
  /** A lost connection is made again after this. */
  readonly pollMs: number;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Keeps one connection beside the pool that hears of what is added; if it is lost another one takes its place, and the poll helps until
 * then.
 */
export function listenForAlerts(options: AlertListenerOptions): { stop(): Promise<void> } {
  const { pool, wake, pollMs, logger } = options;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const connect = async (): Promise<void> => {
    if (isStopped) return;
    const { connectionString, options: given, application_name } = pool.options;
    const made = new pg.Client({ connectionString, options: given, application_name, keepAlive: true });
    client = made;
    made.on('error', () => undefined);
    made.on('notification', wake);
    made.once('end', () => lost(made));
    try {
      await made.connect();
      await made.query('LISTEN sdp_alerts');
      wake();
    } catch (error) {
      if (!isStopped)
        logger.warn(errorFields(error), 'no connection that hears of alerts; they are looked for instead');
      lost(made);
    }
  };
  const lost = (made: pg.Client): void => {
    if (client !== made) return;
    client = undefined;
    void made.end().catch(() => undefined);
    timer = setTimeout(() => void connect(), pollMs).unref();
  };
  const connecting = connect();
  return {
    stop: async () => {
      isStopped = true;
      await connecting;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}
