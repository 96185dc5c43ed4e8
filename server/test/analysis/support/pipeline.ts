import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, maxEventsPerMessage } from '@sdp/shared/contracts';
import { parseMasterKey } from '@sdp/shared/crypto';
import { KeyRing, SecureProducer, SecurityManager, type Sending, type StageBus } from '@sdp/shared/messaging';
import { type AnalysisWorkersOptions, factsTopic, startAnalysisWorkers } from '../../../src/analysis/index.ts';
import { ensureAnomalyPartitions } from '../../../src/anomaly-events/index.ts';
import { EmbeddedBus } from '../../../src/bus/index.ts';
import { createPool, type Pool } from '../../../src/database/index.ts';
import { eventBatchContract, eventKey, eventTopics, shardOf } from '../../../src/events/index.ts';
import { createLogger, createMetrics } from '../../../src/observability/index.ts';
import { openDataKeyRing } from '../../../src/records/index.ts';
import { messageKeys } from '../../../src/settings/index.ts';

export const serverKey = parseMasterKey(Buffer.alloc(32, 7).toString('base64url'));
export const security = new SecurityManager({ keys: new KeyRing(messageKeys({ generation: 1 }, serverKey)) });

/** What all processes of one test share. */
export interface Ground {
  readonly dsn: string;
  readonly openBus: (pool: Pool) => StageBus;
  readonly partitions?: number;
}

export function embeddedGround(dsn: string, partitions = 3): Ground {
  const logger = createLogger({ level: 'silent' });
  return { dsn, partitions, openBus: (pool) => new EmbeddedBus({ pool, dsn, logger, leaseMs: 3_000, pollMs: 200 }) };
}

async function openParts({ dsn, openBus, partitions = 3 }: Ground) {
  const pool = createPool({ dsn, applicationName: 'test', maxConnections: 8 });
  const bus = openBus(pool);
  for (const topic of [...Object.values(eventTopics), factsTopic]) await bus.ensureTopic(topic, partitions);
  return { pool, bus };
}

export interface AnalysisProcess {
  readonly log: string[];
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stop(deadlineMs?: number): Promise<void>;
}

/** The analysis as a process of its own would run it. */
export async function startAnalysis(
  ground: Ground,
  rulesFile: string,
  more: Partial<AnalysisWorkersOptions['settings']> & Pick<AnalysisWorkersOptions, 'detectors'> = {},
): Promise<AnalysisProcess> {
  const log: string[] = [];
  const { pool, bus } = await openParts(ground);
  await ensureAnomalyPartitions(pool);
  const logger = createLogger({ level: 'debug', destination: { write: (line: string) => void log.push(line) } });
  const metrics = createMetrics();
  const { detectors, ...settings } = more;
  const workers = await startAnalysisWorkers({
    ...{ pool, metrics, logger, keyRing: await openDataKeyRing(pool, serverKey), secure: { bus, security, logger } },
    settings: { rulesFile, snapshotEveryMs: 60_000, repeatMs: 3_600_000, rulesEveryMs: 100, ...settings },
    ...(detectors && { detectors }),
  });
  return {
    log,
    metric: async (name, labels = {}) => {
      const found = await metrics.registry.getSingleMetric(name)?.get();
      const values = found?.values.filter((each) =>
        Object.entries(labels).every(([label, value]) => each.labels[label] === value),
      );
      return values?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
    stop: async (deadlineMs = 5_000) => {
      await workers.close(deadlineMs);
      await bus.close();
      await pool.end();
    },
  };
}

export interface Sender {
  readonly pool: Pool;
  readonly bus: StageBus;
  /** As the API would put events on the bus. */
  send(events: readonly Event[], receivedAt?: Date, clientId?: string): Promise<void>;
  /** What is stored, oldest first. */
  anomalies(): Promise<readonly Stored[]>;
  /** Waits until all that was sent has been analysed. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface Stored {
  readonly detector: string;
  readonly alert_type: string;
  readonly client_id: string;
  readonly user_id: string | null;
  readonly alert_message: string;
  readonly evidence: { readonly event_ids: readonly string[]; readonly topic: string };
  readonly explanation: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly repeats: number;
  readonly timestamp: Date;
}

let batches = 0;

export async function openSender(ground: Ground): Promise<Sender> {
  const { pool, bus } = await openParts(ground);
  const producer = new SecureProducer({ bus, security, tenant: 'sdp-server' });
  await producer.connect();
  const groups = [
    ['logs', 'sdp-analysis-logs'],
    ['metrics', 'sdp-analysis-metrics'],
    ['transactions', 'sdp-analysis-transactions'],
    [factsTopic, 'sdp-analysis-facts'],
  ] as const;
  return {
    ...{ pool, bus },
    send: async (events, receivedAt = new Date(), clientId = 'acme') => {
      const parts = Map.groupBy(events, (event) => `${event.type} ${shardOf(event)}`);
      for (const part of parts.values()) {
        const [first] = part;
        if (first === undefined) continue;
        const shard = shardOf(first);
        for (let from = 0; from < part.length; from += maxEventsPerMessage) {
          batches += 1;
          const payload = {
            ...{ client_id: clientId, type: first.type, shard, received_at: receivedAt.toISOString() },
            events: part.slice(from, from + maxEventsPerMessage),
          };
          await producer.sendBatch(eventTopics[first.type], [
            {
              ...{ key: eventKey(clientId, shard), contract: eventBatchContract, payload, tenant: clientId },
              eventId: `batch-${process.pid}-${batches}`,
            } as Sending,
          ]);
        }
      }
    },
    anomalies: async () => {
      const { rows } = await pool.query('SELECT * FROM anomaly_events ORDER BY "timestamp", alert_type');
      return rows as Stored[];
    },
    settled: async () => {
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
        // In this order: what a stage has settled has its facts in the log.
        let left = 0n;
        for (const [topic, group] of groups) for (const { lag } of await bus.lag(topic, group)) left += lag;
        if (left === 0n) return;
      }
      throw new Error('events were not analysed in time');
    },
    stop: async () => {
      await producer.close();
      await bus.close();
      await pool.end();
    },
  };
}

/** A file of rules in a folder of its own. */
export function ruleFile(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-rules-'));
  const path = join(folder, 'rules.yml');
  const write = (content: string) => writeFileSync(path, content);
  write(text);
  return { path, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
