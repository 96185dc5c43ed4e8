import { type ModelDeploymentEvent, modelDeploymentSchema } from '@sdp/shared/contracts';
import type { PayloadContract } from '@sdp/shared/messaging';

/** Which models decide, in one generation. Never changed: another choice is another generation. */
export type Deployment = ModelDeploymentEvent;

export const modelUpdatesTopic = 'model.updates';

export const deploymentContract: PayloadContract<Deployment> = {
  name: 'model.deployment',
  version: 1,
  schema: modelDeploymentSchema,
};

/** A deployment with who made it and why. */
export interface RecordedDeployment {
  readonly deployment: Deployment;
  readonly reason: string;
  readonly madeBy: string;
}

/** Every version that a worker needs for it. */
export function versionsOf({ champion, challenger, shadow }: Deployment): string[] {
  return [...new Set([champion, challenger?.version, shadow].filter((version) => version !== undefined))];
}
