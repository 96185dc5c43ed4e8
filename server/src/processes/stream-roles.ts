import { startLiveAlerts } from '../alerts/index.ts';
import { ensureEventPartitions, forgetEvents, startEventWorkers } from '../events/index.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { Platform } from './platform.ts';
import { startAnalysis } from './start-analysis.ts';
import { startBackup } from './start-backup.ts';

/** What a role runs. */
interface RoleWorker {
  /** Takes nothing further and finishes or hands back what is in hand. */
  close(deadlineMs: number): Promise<void>;
}

/** Roles of the workers that follow events: one line each. */
const starters = {
  events: startEventStore,
  analysis: startAnalysis,
  alerts: startAlerts,
  backup: startBackup,
} satisfies Record<string, (platform: Platform, isAlone: boolean) => Promise<RoleWorker>>;

export type StreamRole = keyof typeof starters;
export const streamRoles = Object.keys(starters) as StreamRole[];

/** Starts the workers of these roles, beside so many others. @throws {UnavailableError} `bus-unavailable`, `database-unavailable` */
export async function startStreamRoles(
  platform: Platform,
  roles: readonly StreamRole[],
  others: number,
): Promise<RoleWorker> {
  const isAlone = new Set(roles).size + others === 1;
  const running: RoleWorker[] = [];
  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all(running.map((worker) => worker.close(deadlineMs)));
  };
  try {
    for (const role of new Set(roles)) running.push(await starters[role](platform, isAlone));
  } catch (error) {
    await close(0);
    throw error;
  }
  return { close };
}

async function startEventStore(platform: Platform): Promise<RoleWorker> {
  const { bus, pool, keyRing, metrics, logger, messaging, settings } = platform;
  await ensureEventPartitions(pool);
  const workers = await startEventWorkers({
    ...{ pool, keyRing, metrics, logger, repeatMs: settings.events.repeatMs },
    secure: { ...messaging.parts, bus },
  });
  messaging.watch(() => workers.stage.health());
  const housekeeping = startHousekeeping(logger, [
    () => ensureEventPartitions(pool),
    () => forgetEvents(pool, settings.events),
  ]);
  return {
    close: async (deadlineMs) => {
      await Promise.all([workers.close(deadlineMs), housekeeping.close()]);
    },
  };
}

async function startAlerts({ pool, metrics, logger, settings }: Platform): Promise<RoleWorker> {
  const { file: path, variable, retentionDays } = settings.alerts;
  return startLiveAlerts({ ...{ pool, path, variable, logger, retentionDays }, registry: metrics.registry });
}
