import { ConfigError } from '@sdp/shared/errors';
import type { Deployment } from '../deployment/deployment.ts';
import type { DeploymentStore } from '../deployment/deployment-store.ts';
import type { DeployedModels } from './deployed-models.ts';
import type { ModelScore } from './served-model.ts';

/** Steps back in history that are tried. */
const maxSteps = 20;

/**
 * Loads the newest deployment or, where that fails, the ones before it: a worker that starts has none to keep, and each of
 * these was in force once. That the newest one failed stays on record until a higher one is loaded.
 *
 * @throws {SdpError} of the newest one, where none can be loaded
 */
export async function loadFirst<In, Out extends ModelScore>(
  deployments: DeploymentStore,
  deployed: DeployedModels<In, Out>,
): Promise<void> {
  const newest = (await deployments.latest())?.deployment;
  if (newest === undefined) throw new ConfigError('model-invalid', { message: 'No model is deployed' });
  deployed.offer(newest);
  await deployed.settled();
  let candidate: Deployment | undefined = newest;
  for (let step = 0; step < maxSteps && deployed.serving === undefined; step++) {
    const before: number | undefined = candidate?.rollback_to;
    if (before === undefined) break;
    candidate = (await deployments.find(before))?.deployment;
    if (candidate !== undefined) await deployed.fallBackTo(candidate);
  }
  if (deployed.serving === undefined) throw deployed.lastError ?? new ConfigError('model-invalid');
}
