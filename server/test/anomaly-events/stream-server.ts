import { parseMasterKey } from '@sdp/shared/crypto';
import {
  type AnomalyStreams,
  type AnomalyStreamsOptions,
  anomalyStreamPath,
  anomalyStreams,
} from '../../src/anomaly-events/stream/anomaly-streams.ts';
import { createRowMac } from '../../src/audit/index.ts';
import { createPool } from '../../src/database/index.ts';
import {
  createApiKeyStore,
  createApp,
  keyAuthenticator,
  listen,
  principalRateLimit,
  probeRoutes,
} from '../../src/http/index.ts';
import { createAccessLog, createGuard, stillMay } from '../../src/identity/index.ts';
import { createLiveStreamMetrics } from '../../src/live-streams/index.ts';
import { createLogger, createMetrics } from '../../src/observability/index.ts';

export interface StreamServer {
  readonly url: string;
  /** Of client `acme`. */
  readonly key: string;
  readonly streams: AnomalyStreams;
  close(): Promise<void>;
}

/** Streams of anomalies and nothing else, with times that suit a test. */
export async function startStreamServer(
  dsn: string,
  times: Pick<AnomalyStreamsOptions, 'slowMs' | 'heartbeatMs' | 'checkMs'>,
): Promise<StreamServer> {
  const pool = createPool({ dsn, applicationName: 'test' });
  const serverKey = parseMasterKey(Buffer.alloc(32, 1).toString('base64url'));
  const keys = createApiKeyStore(pool, serverKey);
  const scopes = ['anomalies:read'] as const;
  const { text: key } = await keys.create({ clientId: 'acme', label: '', scopes, allowDeclaredSafe: false });
  const authenticators = [keyAuthenticator(keys)];
  const guard = createGuard({
    authenticators,
    accessLog: createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined }),
    rateLimit: principalRateLimit(100_000),
  });
  const [logger, metrics] = [createLogger({ level: 'silent' }), createMetrics()];
  const streams = anomalyStreams({
    ...{ pool, guard, maxStreams: 10, onFailed: () => undefined, ...times },
    isAllowed: stillMay(authenticators),
    metrics: createLiveStreamMetrics(metrics.registry),
  });
  const routes = [streams.routes()];
  const app = createApp({ logger, metrics, refusedPerMinute: 100, probes: probeRoutes([], metrics), routes });
  const webSocketPaths = [anomalyStreamPath];
  const listener = await listen(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000, webSocketPaths });
  return {
    ...{ url: listener.url, key, streams },
    close: async () => {
      await streams.close();
      await listener.close(1_000);
      await pool.end();
    },
  };
}
