import { generateMasterKeyText, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { deriveMessageKeys, KeyRing, SecurityManager } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { MemoryBus } from '../../../../test/support/memory-bus.ts';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createPool, type Pool } from '../../../src/database/index.ts';
import {
  createDeploymentUpdates,
  createModelHost,
  createModelRegistry,
  type DeploymentUpdates,
  deployShipped,
  type HostSettings,
  type ModelHost,
  type ModelRegistry,
  noModelMetrics,
  promotion,
  type Role,
} from '../../../src/models/index.ts';
import { makeSigner, type Signer, samplePackage } from '../package/sample-package.ts';
import { type SampleInput, SampleKind, type SampleScore } from '../sample-kind.ts';

export const fastSettings: HostSettings = {
  pollMs: 100,
  scoreTimeoutMs: 1_000,
  shadowBudgetMs: 20,
  rollback: { minSample: 100, errorRate: 0.01, latencyFactor: 3, latencyFloorMs: 20, watchMs: 600_000 },
};

/** A registry on a database of its own with `fraud-1.0.0` deployed, a bus, and workers as a test wants them. */
export class RegistryUnderTest {
  readonly bus = new MemoryBus();
  readonly signer: Signer = makeSigner();
  readonly serverKey: MasterKey = parseMasterKey(generateMasterKeyText());
  readonly security = securityOf(this.serverKey);
  readonly refused: string[] = [];
  readonly logLines: Record<string, unknown>[] = [];
  readonly pool: Pool;
  readonly registry: ModelRegistry;
  readonly updates: DeploymentUpdates;
  readonly #database: TestDatabase;
  readonly #hosts: ModelHost<SampleInput, SampleScore>[] = [];

  private constructor(database: TestDatabase) {
    this.#database = database;
    this.pool = createPool({ dsn: database.dsn, applicationName: 'test-models', maxConnections: 10 });
    this.registry = createModelRegistry(this.pool, this.serverKey);
    const { bus, security } = this;
    this.updates = createDeploymentUpdates({ bus, security, onRefused: (code) => this.refused.push(code) });
  }

  static async start(): Promise<RegistryUnderTest> {
    const made = new RegistryUnderTest(await startTestDatabase());
    await deployShipped(made.registry, samplePackage(made.signer, 'fraud-1.0.0'));
    return made;
  }

  async add(version: string): Promise<void> {
    await this.registry.versions.add(samplePackage(this.signer, version), 'test');
  }

  /** As the command does it. */
  async promote(version: string, role: Role = 'champion', share?: number, options = { announce: true }) {
    const latest = await this.registry.deployments.latest();
    if (latest === undefined) throw new Error('nothing is deployed');
    const { deployment } = latest;
    const plan = promotion(deployment, { version, role, ...(share && { share }) }, '5'.repeat(32));
    const by = { reason: 'test', madeBy: 'test' };
    const made = await this.registry.deployments.record(deployment.generation, plan, by);
    if (options.announce) await this.updates.announce(made);
    return made;
  }

  async startHost({
    kind = new SampleKind(),
    settings = {},
    updates = this.updates as DeploymentUpdates | undefined,
  } = {}): Promise<ModelHost<SampleInput, SampleScore> & { kind: SampleKind }> {
    const destination = { write: (line: string) => void this.logLines.push(JSON.parse(line)) };
    const host = await createModelHost({
      registry: this.registry,
      kind,
      trusted: this.signer.trusted,
      ...(updates && { updates }),
      logger: pino({ level: 'info' }, destination),
      metrics: noModelMetrics,
      settings: { ...fastSettings, ...settings },
    });
    this.#hosts.push(host);
    return Object.assign(host, { kind });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
    await this.pool.end();
    await this.#database.stop();
  }
}

export function securityOf(serverKey: MasterKey): SecurityManager {
  return new SecurityManager({
    keys: new KeyRing(deriveMessageKeys(serverKey, { party: 'sdp-server', generation: 1 })),
  });
}

export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function inputs(count: number, prefix = 't'): (SampleInput & { splitKey: string })[] {
  return Array.from({ length: count }, (_, i) => ({ id: `${prefix}${i}`, splitKey: `customer ${prefix}${i % 97}` }));
}
