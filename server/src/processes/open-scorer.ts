import {
  createDeploymentUpdates,
  createModelHost,
  createModelRegistry,
  deployShipped,
  readShippedModel,
  trustedModelKeys,
} from '../models/index.ts';
import { createModelMetrics } from '../observability/index.ts';
import type { TransactionScorer } from '../transactions/index.ts';
import { fraudModels } from './models/fraud-models.ts';
import type { Platform } from './platform.ts';

/**
 * The models that are deployed; on a new database the one that comes with the program.
 *
 * @throws {IntegrityError} `model-tampered`, `deployment-tampered`
 * @throws {ConfigError} `model-invalid`
 * @throws {UnavailableError} `database-unavailable`, `bus-unavailable`
 */
export async function openScorer(platform: Platform): Promise<TransactionScorer & { close(): Promise<void> }> {
  const { pool, serverKey, bus, messaging, logger, settings, dependencies } = platform;
  const metrics = createModelMetrics(platform.metrics.registry);
  const registry = createModelRegistry(pool, serverKey);
  await deployShipped(registry, await readShippedModel());
  const host = await createModelHost({
    ...{ registry, kind: fraudModels(), logger, metrics, settings: settings.models },
    trusted: trustedModelKeys(settings.models.trustedKeys),
    updates: createDeploymentUpdates({
      ...{ bus, ...messaging.parts },
      onRefused: (code) => {
        metrics.updateRefused(code);
        logger.warn({ code }, 'a message of model.updates was refused');
      },
    }),
  });
  dependencies.push({
    name: 'model',
    // It decides, if need be by the model before: no reason to take it out of service.
    check: async () => {
      const { generation, failure } = host.state();
      return failure && `generation ${failure.generation} could not be loaded (${failure.code}); ${generation} decides`;
    },
  });
  return host;
}
