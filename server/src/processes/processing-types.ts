import type { ProcessingType } from '@sdp/shared/contracts';
import { anomalyProcessor } from '../anomaly/index.ts';
import { anonymizationProcessor } from '../anonymization/index.ts';
import type { BatchProcessor } from '../batches/index.ts';
import { loadOnnxModel, scoringProcessor } from '../scoring/index.ts';

/** Keeps what must be closed once the processors are no longer used. */
export interface Resources {
  own<T extends { close(): Promise<void> | void }>(resource: T): T;
}

/** Every processing type, by the role of its worker: one line each. */
const factories = {
  scoring: async (resources: Resources) => scoringProcessor({ model: resources.own(await loadOnnxModel()) }),
  anonymization: async () => anonymizationProcessor(),
  anomaly: async () => anomalyProcessor(),
} satisfies Record<string, (resources: Resources) => Promise<BatchProcessor>>;

export type WorkerRole = keyof typeof factories;
export const workerRoles = Object.keys(factories) as WorkerRole[];

/** Which worker takes the batches of a type; known without starting one. */
export const workerRoleOf: Readonly<Record<ProcessingType, WorkerRole>> = {
  risk_scoring: 'scoring',
  anonymization: 'anonymization',
  anomaly_detection: 'anomaly',
};

export interface Processors {
  readonly processors: readonly BatchProcessor[];
  close(): Promise<void>;
}

/** @throws {ConfigError} `model-invalid` */
export async function createProcessors(roles: readonly WorkerRole[] = workerRoles): Promise<Processors> {
  const owned: { close(): Promise<void> | void }[] = [];
  const resources: Resources = {
    own: (resource) => {
      owned.push(resource);
      return resource;
    },
  };
  const processors: BatchProcessor[] = [];
  for (const role of new Set(roles)) processors.push(await factories[role](resources));
  return {
    processors,
    close: async () => {
      for (const resource of owned) await resource.close();
    },
  };
}
