import { isIP } from 'node:net';
import { type BaseOptions, type ConnectionOptions, FetchIsolationLevels } from '@platformatic/kafka';
import type { BusLogger } from '../bus-logger.ts';

export interface KafkaBusOptions {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: BusLogger;
  /** As Node's `tls.connect` takes it; plain TCP where left out. */
  readonly tls?: ConnectionOptions['tls'];
  readonly sasl?: ConnectionOptions['sasl'];
  /** Of what is sent; none where left out. Sealed messages hardly shrink. */
  readonly compression?: 'none' | 'lz4' | 'zstd' | 'gzip' | 'snappy';
  /** Copies of each topic that {@link KafkaBus.ensureTopic} makes; the broker's default where left out. */
  readonly replicas?: number;
  /** After this long without a heartbeat a consumer's partitions go to others. */
  readonly sessionTimeoutMs?: number;
  /**
   * Stages store outputs and offsets in one transaction, and all that is read is what was committed; off where left out.
   * Costs several round trips a batch.
   */
  readonly transactions?: boolean;
  /** How long a rebalance waits for messages in hand before the partition goes to its new owner regardless. */
  readonly handoverMs?: number;
}

/** Options that all clients of one bus share. */
export function clientOptions(options: KafkaBusOptions, purpose: string): BaseOptions {
  return {
    clientId: `${options.clientId}-${purpose}`,
    bootstrapBrokers: [...options.brokers],
    ...(options.tls === undefined ? {} : verifiedTls(options)),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    autocreateTopics: false,
    connectTimeout: 5_000,
    requestTimeout: 30_000,
    timeout: 15_000,
    retries: 3,
    retryDelay: 200,
    metadataMaxAge: 60_000,
  };
}

/** Verification is asked for explicitly: NODE_TLS_REJECT_UNAUTHORIZED=0 in an environment must not turn it off here. */
function verifiedTls({ tls, brokers }: KafkaBusOptions): Partial<BaseOptions> {
  // A server name (SNI) is never an address.
  const areNamed = brokers.every(
    (broker) => isIP(broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '')) === 0,
  );
  return { tls: { ...tls, rejectUnauthorized: true }, ...(areNamed && { tlsServerName: true }) };
}

/** What readers of this bus are shown. */
export function isolationOf({ transactions = false }: KafkaBusOptions): 0 | 1 {
  return transactions ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED;
}
