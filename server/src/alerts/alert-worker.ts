import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Registry } from 'prom-client';
import { type Pool, query } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import { createAlertMetrics, type QueueCount } from './alert-metrics.ts';
import { ChannelLoop } from './channel-loop.ts';
import { createChannel } from './channels/create-channel.ts';
import type { LoadedAlerts } from './load-alerts.ts';
import { adoptOrphans } from './store/adopt-orphans.ts';
import { giveBack } from './store/channel-lease.ts';
import { forgetAlerts } from './store/forget-alerts.ts';
import { takeAlerts } from './store/intake.ts';
import { WakeUp } from './wake-up.ts';

export interface AlertWorkerOptions {
  readonly pool: Pool;
  readonly alerts: LoadedAlerts;
  readonly registry: Registry;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retentionDays: number;
  /** How often is looked for what no notification told of. */
  readonly pollMs?: number;
}

export interface AlertWorker {
  close(deadlineMs: number): Promise<void>;
}

const minuteMs = 60_000;

/** Takes alerts from the outbox and tells people of them. Any number of processes may do so at once. */
export function startAlertWorker(options: AlertWorkerOptions): AlertWorker {
  const { pool, alerts, registry, logger, retentionDays, pollMs = 1_000 } = options;
  const { config } = alerts;
  const owner = randomUUID();
  const names = alerts.channels.map((each) => each.config.name);
  const channels = new Set(names);
  const heirs = config.route.channels.filter((name) => channels.has(name));
  const updated = new Set(alerts.channels.filter((each) => each.config.sendsUpdates).map((each) => each.config.name));
  const metrics = createAlertMetrics(registry, names, () => queueCounts(pool));
  for (const name of alerts.absent) logger.info({ channel: name }, 'channel of alerts left out: its secret is not set');
  const loops = alerts.channels.map(
    (opened) =>
      new ChannelLoop({
        ...{ pool, config, channels, updated, owner, metrics, logger, pollMs },
        channel: opened.config,
        sender: createChannel(opened),
      }),
  );
  const intake = new WakeUp();
  const wakeAll = (): void => {
    intake.wake();
    for (const loop of loops) loop.wake();
  };
  let isStopped = false;
  const listening = listen(pool, wakeAll, () => isStopped, pollMs, logger);
  const running = (async () => {
    let tidiedAt = Number.NEGATIVE_INFINITY;
    while (!isStopped) {
      try {
        const { rows, silenced } = await takeAlerts({ pool, config, channels, updated });
        for (const { channel } of silenced) metrics.settled(channel, 'silenced', 1);
        if (rows > 0) {
          for (const loop of loops) loop.wake();
          continue;
        }
        if (performance.now() - tidiedAt > minuteMs) {
          tidiedAt = performance.now();
          const adopted = await adoptOrphans(pool, names, heirs);
          if (adopted > 0) logger.warn({ count: adopted }, 'alerts of a channel that is gone were given to others');
          await forgetAlerts(pool, retentionDays);
          continue;
        }
      } catch (error) {
        logger.warn(errorFields(error), 'alerts could not be taken, it will be tried again');
      }
      await intake.sleep(pollMs);
    }
  })();
  return {
    close: async (deadlineMs) => {
      isStopped = true;
      wakeAll();
      await Promise.all([running, ...loops.map((loop) => loop.close(deadlineMs))]);
      await (await listening).stop();
      await giveBack(pool, owner).catch(() => undefined);
    },
  };
}

/**
 * Keeps one connection beside the pool that hears of what is added; if it is lost another one takes its place, and the poll helps until
 * then.
 */
async function listen(
  pool: Pool,
  wake: () => void,
  isStopped: () => boolean,
  pollMs: number,
  logger: Pick<Logger, 'warn'>,
): Promise<{ stop(): Promise<void> }> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    if (isStopped()) return;
    const { connectionString, options, application_name } = pool.options;
    const made = new pg.Client({ connectionString, options, application_name, keepAlive: true });
    client = made;
    made.on('error', () => undefined);
    made.on('notification', wake);
    made.once('end', () => lost(made));
    try {
      await made.connect();
      await made.query('LISTEN sdp_alerts');
      wake();
    } catch (error) {
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
  await connect();
  return {
    stop: async () => {
      clearTimeout(timer);
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}

async function queueCounts(pool: Pool): Promise<readonly QueueCount[]> {
  const { rows } = await query<{ channel: string; waiting: number; sending: number; failed: number }>(
    pool,
    `SELECT channel, count(*) FILTER (WHERE state = 'WAITING')::int AS waiting,
            count(*) FILTER (WHERE state = 'SENDING')::int AS sending, count(*) FILTER (WHERE state = 'FAILED')::int AS failed
       FROM alert_delivery WHERE state IN ('WAITING', 'SENDING', 'FAILED') GROUP BY channel`,
  );
  return rows;
}
