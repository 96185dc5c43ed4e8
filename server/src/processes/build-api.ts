import { UnavailableError } from '@sdp/shared/errors';
import { accessLogPaths, accessLogRoutes } from '../access-log/index.ts';
import { alertPaths, notificationRoutes, silenceRoutes, watchAlertOutbox } from '../alerts/index.ts';
import {
  anomalyPaths,
  anomalyStreamPath,
  createAnomalyApi,
  ensureAnomalyPartitions,
  forgetAnomalies,
} from '../anomaly-events/index.ts';
import { createRowMac, ledgerKeyOf } from '../audit/index.ts';
import {
  apiPaths,
  type BatchRunner,
  batchRoutes,
  createBatchAnnouncer,
  createIngest,
  startBatchResender,
  workerGroup,
} from '../batches/index.ts';
import { enqueue, type OutboxRelay, startOutboxRelay } from '../bus/index.ts';
import { eventPaths, eventStreamPath, startEventApi } from '../events/index.ts';
import {
  type ApiKeyStore,
  createApiKeyStore,
  createApp,
  createOpenApi,
  type HttpListener,
  keyAuthenticator,
  listen,
  openApiRoute,
  principalRateLimit,
  probeRoutes,
  serverInfoRoute,
} from '../http/index.ts';
import {
  createAccessLog,
  createGuard,
  createIdentity,
  identityPaths,
  identityRoutes,
  type ListedRoute,
  oidcPaths,
  refusalLog,
  routesOf,
  sessionAuthenticator,
  stillMay,
  writeRoles,
} from '../identity/index.ts';
import { integrityPaths, integrityRoutes } from '../integrity/index.ts';
import { jobPaths, jobsApi } from '../jobs/index.ts';
import { createLiveStreamMetrics } from '../live-streams/index.ts';
import { createQualityStore, qualityPaths, qualityRoutes } from '../quality/index.ts';
import type { Settings, UploadLimits } from '../settings/index.ts';
import { forgetTransactions, startTransactionApi, transactionPaths, transactionTopics } from '../transactions/index.ts';
import { createVaultCopyStore, vaultCopyPaths, vaultCopyRoutes } from '../vault-copies/index.ts';
import { startHousekeeping } from './housekeeping.ts';
import { noteSent } from './note-sent.ts';
import type { Platform } from './platform.ts';
import { workerRoleOf } from './processing-types.ts';
import { version } from './version.ts';

export interface Api {
  readonly url: string;
  readonly routes: readonly ListedRoute[];
  /** Takes no further request, lets those in hand finish, and publishes what they stored. */
  close(deadlineMs: number): Promise<void>;
}

/** @param runner processes batches on request, in dev */
export async function startApi(platform: Platform, runner?: BatchRunner): Promise<Api> {
  const { settings, logger, metrics, pool, bus, keyRing, serverKey, store } = platform;
  const keys = createApiKeyStore(pool, serverKey);
  await bootstrapKey(keys, settings);
  if ((await keys.list()).length === 0) {
    logger.warn({}, 'no API key exists: make one with `sdp-server api-keys create`, or set SDP_API_KEY');
  }

  const { messaging } = platform;
  const relay = startOutboxRelay({
    pool,
    bus,
    logger,
    onPublished: (messages) => {
      metrics.messagesPublished(messages.length);
      noteSent(messaging.parts, messages);
    },
  });
  const announce = createBatchAnnouncer(messaging.sealer, enqueue);
  const resender = startBatchResender({
    ...{ pool, bus, store, announce, logger, wakeRelay: relay.wake },
    groupOf: (type) => workerGroup(workerRoleOf[type]),
  });
  metrics.watchOutbox(relay.lag);
  watchAlertOutbox(metrics.registry, pool);
  const accessLog = createAccessLog({
    pool,
    macOf: createRowMac(serverKey),
    onFailed: () => logger.warn({}, 'decisions on access could not be stored, it will be tried again'),
  });
  const { sessions: sessionLimits } = settings;
  const { publicOrigin } = sessionLimits;
  const { recordAudit } = platform;
  const identity = createIdentity({ pool, serverKey, recordAudit, sessionLimits });
  // Of all requests that may be refused, few may be guesses at passwords.
  const attemptsPerMinute = Math.ceil(settings.http.rateLimitPerMinute / 20);
  await writeRoles(pool);
  const authenticators = [keyAuthenticator(keys), sessionAuthenticator(identity.sessions, publicOrigin)];
  const guard = createGuard({
    authenticators,
    accessLog,
    rateLimit: principalRateLimit(settings.http.rateLimitPerMinute),
  });
  const { upload } = settings;
  const transactions = await startTransactionApi({
    ...{ pool, bus, serverKey, recordAudit, metrics, logger, settings: settings.transactions },
    ...messagingRules(platform),
    partitions: platform.partitionsOf(transactionTopics.results),
    guard,
    isAllowed: stillMay(authenticators),
  });
  const streams = { guard, isAllowed: stillMay(authenticators), metrics: createLiveStreamMetrics(metrics.registry) };
  const events = await startEventApi({
    ...{ bus, pool, keyRing, recordAudit, metrics, logger, settings: settings.events },
    streams: { ...streams, maxStreams: settings.events.maxStreams },
    maxStreamBytes: upload.maxBodyBytes,
    messaging: messaging.parts,
  });
  const anomalies = createAnomalyApi({
    ...{ pool, recordAudit, logger },
    streams: { ...streams, maxStreams: settings.anomalies.maxStreams },
  });
  const housekeeping = startHousekeeping(logger, [
    () => forgetTransactions(pool, settings.transactions.retentionDays),
    () => ensureAnomalyPartitions(pool),
    () => forgetAnomalies(pool, settings.anomalies.retentionDays),
    identity.forgetOld,
  ]);
  const limits = ingestLimits(upload);
  const ingest = createIngest({
    ...{ pool, keyRing, serverKey, store, limits, announce, recordAudit: platform.recordAudit },
    wakeRelay: relay.wake,
    checkBacklog: backlogCheck(relay, settings),
  });
  const app = createApp({
    logger,
    metrics,
    refusedPerMinute: settings.http.rateLimitPerMinute,
    probes: probeRoutes(platform.dependencies, metrics, settings.http.metricsAreOpen ? [] : guard('metrics:read')),
    refusals: refusalLog(accessLog),
    routes: [
      openApiRoute(
        createOpenApi(version, {
          ...apiPaths,
          ...jobPaths,
          ...qualityPaths,
          ...accessLogPaths,
          ...integrityPaths,
          ...identityPaths,
          ...(identity.oidc && oidcPaths),
          ...transactionPaths,
          ...eventPaths,
          ...vaultCopyPaths,
          ...anomalyPaths,
          ...alertPaths,
        }),
      ),
      serverInfoRoute(
        {
          version,
          maxBodyBytes: upload.maxBodyBytes,
          maxRecords: upload.maxRecords,
          keyFingerprints: platform.keyFingerprints,
        },
        guard('self:read'),
      ),
      ...identityRoutes({ ...identity, pool, keys, recordAudit, accessLog, guard, publicOrigin, attemptsPerMinute }),
      vaultCopyRoutes({ store: createVaultCopyStore(pool), guard }),
      ...transactions.routers,
      ...anomalies.routers,
      notificationRoutes({ pool, guard }),
      silenceRoutes({ pool, guard, recordAudit }),
      ...events.routers,
      ...jobsApi({ pool, keyRing, serverKey, ingest, metrics, guard, recordAudit: platform.recordAudit, limits }),
      accessLogRoutes({ pool, guard }),
      integrityRoutes({ pool, guard, key: ledgerKeyOf(serverKey), ledger: platform.ledger }),
      qualityRoutes({ pool, store: createQualityStore(serverKey), guard }),
      batchRoutes({
        pool,
        store,
        metrics,
        ingest,
        guard,
        processNow: settings.environment === 'dev' && runner ? (batchId) => runner.run(batchId) : undefined,
      }),
    ],
  });
  let listener: HttpListener;
  try {
    listener = await listen(app, {
      ...settings.http,
      requestTimeoutMs: upload.uploadTimeoutMs,
      webSocketPaths: [anomalyStreamPath, eventStreamPath],
    });
  } catch (error) {
    await transactions.close();
    await events.close();
    await housekeeping.close();
    await resender.close();
    await relay.close(0);
    await accessLog.close();
    throw error;
  }
  return {
    url: listener.url,
    routes: routesOf(app),
    close: async (deadlineMs) => {
      const deadline = Date.now() + deadlineMs;
      transactions.endStreams();
      await Promise.all([
        anomalies.endStreams(),
        events.endStreams(),
        listener.close(deadlineMs),
        resender.close(),
        housekeeping.close(),
      ]);
      await transactions.close();
      await events.close();
      await accessLog.close();
      await relay.close(Math.max(0, deadline - Date.now()));
    },
  };
}

function messagingRules({ messaging }: Platform) {
  const { security, compliance, access } = messaging.parts;
  return { security, compliance, access };
}

async function bootstrapKey(keys: ApiKeyStore, { bootstrap }: Settings): Promise<void> {
  if (bootstrap) await keys.bootstrap(bootstrap.apiKey, bootstrap.clientId, bootstrap.allowDeclaredSafe);
}

function ingestLimits(upload: UploadLimits) {
  return { ...upload, maxCellLength: upload.maxCellBytes, maxRecordLength: upload.maxRecordBytes };
}

const backlogAgeMs = 1_000;
const backlogRetrySeconds = 15;

/** Stored batches that can't reach the bus would only pile up: better to say so to the next sender. */
function backlogCheck(relay: OutboxRelay, { outbox }: Settings): () => Promise<void> {
  let checkedAt = 0;
  let isBehind = false;
  return async () => {
    if (Date.now() - checkedAt > backlogAgeMs) {
      const { messages, oldestSeconds } = await relay.lag();
      isBehind = messages > outbox.maxMessages || oldestSeconds > outbox.maxSeconds;
      checkedAt = Date.now();
    }
    if (isBehind) {
      throw new UnavailableError('server-busy', {
        message: 'Batches wait too long for their workers',
        details: { retryAfterSeconds: backlogRetrySeconds },
      });
    }
  };
}
