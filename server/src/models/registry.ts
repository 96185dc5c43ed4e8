import type { MasterKey } from '@sdp/shared/crypto';
import { randomId } from '@sdp/shared/crypto';
import { RejectedError } from '@sdp/shared/errors';
import type { Pool } from '../database/index.ts';
import { createDeploymentStore, type DeploymentStore } from './deployment/deployment-store.ts';
import { createWorkerStore, type WorkerStore } from './deployment/worker-store.ts';
import type { ModelPackage } from './package/index.ts';
import { createVersionStore, type VersionStore } from './package/version-store.ts';
import { createUsageStore, type UsageStore } from './usage/usage-store.ts';

/** What the database knows of models. */
export interface ModelRegistry {
  readonly versions: VersionStore;
  readonly deployments: DeploymentStore;
  readonly workers: WorkerStore;
  readonly usage: UsageStore;
}

export function createModelRegistry(pool: Pool, serverKey: MasterKey): ModelRegistry {
  return {
    versions: createVersionStore(pool),
    deployments: createDeploymentStore(pool, serverKey),
    workers: createWorkerStore(pool),
    usage: createUsageStore(pool),
  };
}

/**
 * Stores the model that comes with the program, and deploys it where nothing is deployed yet. A later program's model is added
 * and waits to be promoted.
 *
 * @param shipped verified
 * @throws {RejectedError} `model-version-taken`
 */
export async function deployShipped({ versions, deployments }: ModelRegistry, shipped: ModelPackage): Promise<void> {
  await versions.add(shipped, 'release');
  if ((await deployments.latest()) !== undefined) return;
  const plan = { champion: shipped.statement.version, salt: randomId(), kind: 'first' as const };
  try {
    await deployments.record(0, plan, { reason: 'comes with the program', madeBy: 'release' });
  } catch (error) {
    // Another worker that started at the same time.
    if (!(error instanceof RejectedError && error.code === 'deployment-changed')) throw error;
  }
}
