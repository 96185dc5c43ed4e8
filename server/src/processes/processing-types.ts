import type { ProcessingType } from '@sdp/shared/contracts';
import { anomalyProcessor } from '../anomaly/index.ts';
import { anonymizationProcessor } from '../anonymization/index.ts';
import type { BatchProcessor } from '../batches/index.ts';
import { loadOnnxModel, scoringProcessor } from '../scoring/index.ts';
import { type TransactionStage, transactionStages } from '../transactions/index.ts';
import { type StreamRole, streamRoles } from './stream-roles.ts';

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

export type BatchRole = keyof typeof factories;
const batchRoles = Object.keys(factories) as BatchRole[];

/** Roles of the workers that run the stages of transactions. */
const stageOfRole = Object.fromEntries(transactionStages.map((stage) => [`transaction-${stage}`, stage])) as Readonly<
  Record<`transaction-${TransactionStage}`, TransactionStage>
>;

export type WorkerRole = BatchRole | keyof typeof stageOfRole | StreamRole;
export const workerRoles = [...batchRoles, ...Object.keys(stageOfRole), ...streamRoles] as WorkerRole[];

/** What workers of these roles have to run. */
export function splitRoles(roles: readonly WorkerRole[]) {
  return {
    batchRoles: batchRoles.filter((role) => roles.includes(role)),
    streams: streamRoles.filter((role) => roles.includes(role)),
    stages: Object.entries(stageOfRole).flatMap(([role, stage]) => (roles.includes(role as WorkerRole) ? [stage] : [])),
  };
}

/** Which worker takes the batches of a type; known without starting one. */
export const workerRoleOf: Readonly<Record<ProcessingType, BatchRole>> = {
  risk_scoring: 'scoring',
  anonymization: 'anonymization',
  anomaly_detection: 'anomaly',
};

export interface Processors {
  readonly processors: readonly BatchProcessor[];
  close(): Promise<void>;
}

/** @throws {ConfigError} `model-invalid` */
export async function createProcessors(roles: readonly BatchRole[] = batchRoles): Promise<Processors> {
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
