import { generateKey } from '@sdp/shared/crypto';
import type { ErrorCode } from '@sdp/shared/errors';
import {
  type BusPort,
  KeyRing,
  type MessageAuditEvent,
  type MessageMetrics,
  type PayloadContract,
  type ReceivedMessage,
  SecureConsumer,
  type SecureConsumerOptions,
  type SecureHandler,
  SecureProducer,
  type SecureProducerOptions,
  SecurityManager,
  type Subscription,
} from '@sdp/shared/messaging';
import { z } from 'zod';

/** A contract of tests: `n` tells messages apart. */
export const countedContract = {
  name: 'counted',
  version: 1,
  schema: z.strictObject({ n: z.int(), note: z.string().optional() }),
} satisfies PayloadContract;
export type Counted = z.output<typeof countedContract.schema>;

export const encryptionKey = generateKey();
export const signingKey = generateKey();
const digestKey = generateKey();

/** The keys of one who may take part. */
export function sampleRing(): KeyRing {
  return new KeyRing({
    party: 'us',
    encryption: [{ id: 'e1', key: encryptionKey, state: 'active' }],
    signing: [{ id: 's1', secret: signingKey, state: 'active' }],
    digestKey,
  });
}

export const quickRetry = { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 5 };

export interface Recorded {
  readonly audit: MessageAuditEvent[];
  readonly counts: Map<string, number>;
}

/** Audit and metrics that remember. */
export function recording(): Recorded & {
  audit: MessageAuditEvent[];
  ports: Pick<SecureConsumerOptions, 'audit' | 'metrics'>;
} {
  const audit: MessageAuditEvent[] = [];
  const counts = new Map<string, number>();
  const count = (name: string, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by);
  const metrics: MessageMetrics = {
    sent: (_, messages) => count('sent', messages),
    sendFailed: (_, code: ErrorCode) => count(`sendFailed ${code}`),
    received: () => count('received'),
    retried: () => count('retried'),
    repeated: () => count('repeated'),
    refused: (_, code) => count(`refused ${code}`),
    deadLettered: (_, code) => count(`deadLettered ${code}`),
    lag: () => count('lag'),
    stalled: () => count('stalled'),
  };
  return { audit, counts, ports: { audit: { record: (event) => void audit.push(event) }, metrics } };
}

export async function connectedProducer(
  bus: BusPort,
  more: Partial<SecureProducerOptions> = {},
): Promise<SecureProducer> {
  const security = more.security ?? new SecurityManager({ keys: sampleRing() });
  const producer = new SecureProducer({ bus, security, tenant: 'acme', ...more });
  await producer.connect();
  return producer;
}

export interface RunningConsumer extends Recorded {
  readonly consumer: SecureConsumer;
  readonly handled: ReceivedMessage<Counted>[];
  readonly letters: string[];
}

export async function runningConsumer(
  bus: BusPort,
  topic: string,
  more: Partial<SecureConsumerOptions> & {
    handler?: SecureHandler<Counted>;
    subscription?: Partial<Subscription>;
  } = {},
): Promise<RunningConsumer> {
  const { handler, subscription, ...options } = more;
  const { audit, counts, ports } = recording();
  const consumer = new SecureConsumer({
    bus,
    group: `group.${topic}`,
    security: new SecurityManager({ keys: sampleRing() }),
    consume: { retry: quickRetry },
    ...ports,
    ...options,
  });
  const handled: ReceivedMessage<Counted>[] = [];
  const letters: string[] = [];
  consumer.subscribe({ topic, contracts: [countedContract], ...subscription });
  consumer.on('deadLetter', ({ reason }) => void letters.push(reason.code));
  await consumer.run<Counted>(async (message) => {
    await handler?.(message);
    handled.push(message);
  });
  return { consumer, handled, letters, audit, counts };
}
