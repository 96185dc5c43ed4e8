import { hostname, userInfo } from 'node:os';
import { applyMigrations, createPool, type Pool } from '../../database/index.ts';
import {
  createDeploymentUpdates,
  createModelRegistry,
  type Deployment,
  deployShipped,
  type ModelRegistry,
  readShippedModel,
  type TrustedKeys,
  trustedModelKeys,
} from '../../models/index.ts';
import { createLogger, createMetrics, errorFields } from '../../observability/index.ts';
import type { Settings } from '../../settings/index.ts';
import { openBus } from '../open-bus.ts';
import { openDatabase } from '../open-database.ts';
import { openMessaging } from '../open-messaging.ts';
import { topicsOf } from '../platform.ts';

export interface OpenedModels {
  readonly pool: Pool;
  readonly registry: ModelRegistry;
  readonly trusted: TrustedKeys;
  /** Who does it, for the records. */
  readonly operator: string;
  /** Tells workers; where the bus is away, they find out by themselves. @returns whether they were told */
  announce(deployment: Deployment): Promise<boolean>;
}

/** Opens the registry on the configured database, or the embedded one, running or not, for one command. */
export async function withModels<T>(settings: Settings, work: (opened: OpenedModels) => Promise<T>): Promise<T> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-models', maxConnections: 4 });
  try {
    await applyMigrations(dsn);
    const registry = createModelRegistry(pool, serverKey);
    await deployShipped(registry, await readShippedModel());
    const announce = async (deployment: Deployment): Promise<boolean> => {
      const logger = createLogger({ level: settings.logLevel, destination: process.stderr });
      const topics = topicsOf(settings);
      const messaging = openMessaging({ settings, dsn, pool, serverKey, topics, metrics: createMetrics(), logger });
      const bus = await openBus(settings, dsn, pool, logger);
      try {
        await createDeploymentUpdates({ bus, ...messaging.parts, onRefused: () => undefined }).announce(deployment);
        return true;
      } catch (error) {
        logger.warn(errorFields(error), 'workers could not be told; they look into the database by themselves');
        return false;
      } finally {
        await bus.close();
        await messaging.close();
      }
    };
    const operator = `${userInfo().username}@${hostname()}`;
    return await work({ pool, registry, trusted: trustedModelKeys(settings.models.trustedKeys), operator, announce });
  } finally {
    await pool.end();
    await stop();
  }
}
