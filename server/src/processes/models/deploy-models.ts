import { setTimeout as sleep } from 'node:timers/promises';
import { randomId } from '@sdp/shared/crypto';
import { RejectedError, UnavailableError, UsageError } from '@sdp/shared/errors';
import {
  type Deployment,
  promotion,
  type RecordedDeployment,
  type Role,
  restoration,
  type WorkerState,
  withdrawal,
} from '../../models/index.ts';
import type { Settings } from '../../settings/index.ts';
import { printLine } from '../print.ts';
import { printTable } from '../print-table.ts';
import { type OpenedModels, withModels } from './open-models.ts';

export interface DeployOptions {
  readonly wait: string;
  readonly reason: string;
  readonly json: boolean;
}

export interface PromoteOptions extends DeployOptions {
  readonly as: Role;
  readonly share?: string;
  readonly force: boolean;
}

type Plan = Parameters<OpenedModels['registry']['deployments']['record']>[1];

export async function promoteModel(settings: Settings, version: string, options: PromoteOptions): Promise<void> {
  const share = options.share === undefined ? undefined : Number(options.share);
  if (share !== undefined && options.as !== 'challenger') {
    throw new UsageError('usage-invalid', { message: '--share is for --as challenger' });
  }
  const change = { version, role: options.as, ...(share !== undefined && { share }) };
  await deploy(settings, options, (current) => promotion(current, change, randomId()), options.force);
}

export async function withdrawModel(settings: Settings, role: string, options: DeployOptions): Promise<void> {
  if (role !== 'challenger' && role !== 'shadow') {
    throw new UsageError('usage-invalid', { message: 'A challenger or a shadow can be withdrawn' });
  }
  await deploy(settings, options, (current) => withdrawal(current, role), true);
}

export async function rollbackModels(settings: Settings, options: DeployOptions): Promise<void> {
  await deploy(settings, options, (_, before) => restoration(before, 'rollback'), true);
}

/** Records what is to be deployed, tells workers, and waits for what they say. */
async function deploy(
  settings: Settings,
  options: DeployOptions,
  plan: (current: Deployment, before: Deployment | undefined) => Plan,
  isForced: boolean,
): Promise<void> {
  const waitMs = waitOf(options.wait);
  await withModels(settings, async (opened) => {
    const { deployments } = opened.registry;
    const current = await presentOf(opened);
    const { rollback_to: back } = current;
    const before = back === undefined ? undefined : (await deployments.find(back))?.deployment;
    const by = { reason: options.reason, madeBy: opened.operator };
    const deployment = await deployments.record(current.generation, plan(current, before), by);
    const workers = await announceAndWait(opened, deployment, waitMs);
    const failed = workers.filter(({ isAlive, acknowledged }) => isAlive && acknowledged === 'failed');
    const restored = failed.length > 0 && !isForced ? await takeBack(opened, deployment, current, waitMs) : undefined;
    print(deployment, workers, restored, options.json);
    if (restored !== undefined) throw new RejectedError('deployment-failed');
    if (failed.length > 0 || workers.some(isSilent)) throw new UnavailableError('model-unconfirmed');
  });
}

async function presentOf({ registry }: OpenedModels): Promise<Deployment> {
  const latest: RecordedDeployment | undefined = await registry.deployments.latest();
  if (latest === undefined) throw new RejectedError('model-unknown', { message: 'No model is deployed yet' });
  return latest.deployment;
}

const lookEveryMs = 50;

/** Until every worker that is alive has answered, or one has failed, or the time is over. */
async function announceAndWait(opened: OpenedModels, deployment: Deployment, waitMs: number) {
  const deadline = Date.now() + waitMs;
  await opened.announce(deployment);
  for (;;) {
    const workers = await opened.registry.workers.list(deployment.generation);
    if (!workers.some(isSilent) || Date.now() >= deadline) return workers;
    await sleep(lookEveryMs);
  }
}

const isSilent = ({ isAlive, acknowledged }: WorkerState) => isAlive && acknowledged === undefined;

async function takeBack(opened: OpenedModels, failed: Deployment, before: Deployment, waitMs: number) {
  const plan = restoration(before, 'automatic-rollback');
  const by = { reason: `a worker could not load generation ${failed.generation}`, madeBy: opened.operator };
  const restored = await opened.registry.deployments.record(failed.generation, plan, by);
  await announceAndWait(opened, restored, waitMs);
  return restored;
}

function print(
  deployment: Deployment,
  workers: readonly WorkerState[],
  restored: Deployment | undefined,
  json: boolean,
): void {
  if (json) {
    const states = workers.map((worker) => ({
      worker_id: worker.workerId,
      name: worker.name,
      alive: worker.isAlive,
      state: worker.acknowledged ?? null,
      code: worker.code ?? null,
    }));
    const facts = { ...deployment, made_at: new Date(deployment.made_ms).toISOString() };
    printLine(JSON.stringify({ deployment: facts, workers: states, restored: restored?.generation ?? null }));
    return;
  }
  printLine(describe(deployment));
  if (workers.length === 0) printLine('No worker is running; each takes it when it starts.');
  else {
    printTable(
      ['WORKER', 'ID', 'STATE', 'REASON', 'AT'],
      workers.map((worker) => [
        worker.name,
        worker.workerId.slice(0, 8),
        worker.acknowledged ?? (worker.isAlive ? 'waiting' : 'gone'),
        worker.code,
        worker.acknowledgedAt?.toISOString(),
      ]),
    );
  }
  if (restored !== undefined) printLine(`taken back: ${describe(restored)}`);
}

/** One line for a deployment. */
export function describe({ generation, champion, challenger, shadow }: Deployment): string {
  const others = [
    challenger && `challenger ${challenger.version} with ${Number((challenger.share * 100).toFixed(4))} %`,
    shadow && `shadow ${shadow}`,
  ].filter((each) => each !== undefined);
  return [`generation ${generation}: champion ${champion}`, ...others].join(', ');
}

const maxWaitSeconds = 600;

function waitOf(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > maxWaitSeconds) {
    throw new UsageError('usage-invalid', {
      message: `--wait takes a whole number of seconds up to ${maxWaitSeconds}`,
    });
  }
  return seconds * 1_000;
}
