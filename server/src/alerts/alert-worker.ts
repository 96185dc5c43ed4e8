import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { type Pool, query } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import { listenForAlerts } from './alert-listener.ts';
import { createAlertMetrics, type QueueCount } from './alert-metrics.ts';
import { ChannelLoops } from './channel-loops.ts';
import type { LoadedAlerts } from './load-alerts.ts';
import { adoptOrphans } from './store/adopt-orphans.ts';
import { giveBack } from './store/channel-lease.ts';
import { forgetAlerts } from './store/forget-alerts.ts';
import { takeAlerts } from './store/intake.ts';
import { retimeGroups } from './store/retime-groups.ts';
import { WakeUp } from './wake-up.ts';

export interface AlertWorkerOptions {
  readonly pool: Pool;
  readonly alerts: LoadedAlerts;
  readonly registry: Registry;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retentionDays: number;
  /** How often is looked for what no notification told of. */
  readonly pollMs?: number | undefined;
}

export interface AlertWorker {
  /** Goes on by another file. */
  use(alerts: LoadedAlerts): void;
  close(deadlineMs: number): Promise<void>;
}

const minuteMs = 60_000;
/** Between two looks at what waits for channels that are gone; more often while one was removed a short while ago. */
const orphansEveryMs = { usual: minuteMs, removed: 2_000 };

/** Takes alerts from the outbox and tells people of them. Any number of processes may do so at once. */
export function startAlertWorker(options: AlertWorkerOptions): AlertWorker {
  const { pool, registry, logger, retentionDays, pollMs = 1_000 } = options;
  const owner = randomUUID();
  const metrics = createAlertMetrics(registry, () => queueCounts(pool));
  const loops = new ChannelLoops({ pool, owner, metrics, logger, pollMs }, options.alerts);
  const tellAbsent = ({ absent }: LoadedAlerts): void => {
    for (const name of absent) logger.info({ channel: name }, 'channel of alerts left out: its secret is not set');
  };
  tellAbsent(options.alerts);
  const intake = new WakeUp();
  const wakeAll = (): void => {
    intake.wake();
    loops.wake();
  };
  let isStopped = false;
  /** What waits keeps to the times of the file that was in force then. */
  let isNew = true;
  const due = { orphans: 0, forgetting: 0 };
  const listening = listenForAlerts({ pool, wake: wakeAll, pollMs, logger });

  const tidy = async (): Promise<void> => {
    if (isNew) {
      const { config, channels } = loops.inForce;
      isNew = false;
      await retimeGroups(pool, config, [...channels]).catch((error: unknown) => {
        isNew = true;
        throw error;
      });
      loops.wake();
    }
    const now = performance.now();
    const { removed } = loops;
    if (now >= due.orphans) {
      due.orphans = now + (removed.length > 0 ? orphansEveryMs.removed : orphansEveryMs.usual);
      const { channels, heirs } = loops.inForce;
      const over = removed.flatMap(({ name, isOver }) => (isOver ? [name] : []));
      const adopted = await adoptOrphans(pool, { channels: [...channels], heirs, removed: over });
      const told = { count: adopted, heirs: heirs.length };
      if (adopted > 0 && heirs.length > 0) logger.warn(told, 'alerts of a channel that is gone were given to others');
      else if (adopted > 0) logger.error(told, 'alerts of a channel that is gone failed: the outermost route has none');
      if (adopted > 0) loops.wake();
    }
    if (now >= due.forgetting) {
      due.forgetting = now + minuteMs;
      await forgetAlerts(pool, retentionDays);
    }
  };

  const running = (async () => {
    while (!isStopped) {
      try {
        const { rows, silenced } = await takeAlerts({ pool, ...loops.inForce });
        for (const { channel } of silenced) metrics.settled(channel, 'silenced', 1);
        if (rows > 0) loops.wake();
        await tidy();
        if (rows > 0) continue;
      } catch (error) {
        logger.warn(errorFields(error), 'alerts could not be taken, it will be tried again');
      }
      await intake.sleep(pollMs);
    }
  })();
  return {
    use: (alerts) => {
      loops.use(alerts);
      tellAbsent(alerts);
      isNew = true;
      due.orphans = 0;
      intake.wake();
    },
    close: async (deadlineMs) => {
      isStopped = true;
      wakeAll();
      await Promise.all([running, loops.close(deadlineMs)]);
      await listening.stop();
      await giveBack(pool, owner).catch(() => undefined);
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
