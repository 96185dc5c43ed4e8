import { type healthSchema, processingTypes, type readinessSchema, type ServerInfo } from '@sdp/shared/contracts';
import type { RequestHandler } from 'express';
import { Router } from 'express';
import type { z } from 'zod';
import type { Metrics } from '../observability/index.ts';
import { clientOf, named, principalOf } from './request-context.ts';

/** One thing the server can't work without. Rejects, or takes too long, while it is down; may say something while it is up. */
export interface Dependency {
  readonly name: string;
  readonly check: () => Promise<string | undefined> | Promise<void>;
}

const checkTimeoutMs = 2_000;

/**
 * Health, readiness and metrics: for the machinery around the server, without a key.
 *
 * @param metricsGuard where the figures are not for whoever reaches the port
 */
export function probeRoutes(
  dependencies: readonly Dependency[],
  metrics: Metrics,
  metricsGuard: readonly RequestHandler[] = [],
): Router {
  const router = Router();
  const health: RequestHandler = (_request, response) => {
    response.json({ status: 'ok', service: 'ingestion_api' } satisfies z.infer<typeof healthSchema>);
  };
  router.get('/health', named('/health'), health);
  router.get('/healthz', named('/healthz'), health);
  router.get('/readyz', named('/readyz'), async (_request, response) => {
    const states = await Promise.all(
      dependencies.map(async ({ name, check }) => [name, await stateOf(check)] as const),
    );
    const isReady = states.every(([, { status }]) => status === 'up');
    response.status(isReady ? 200 : 503).json({
      status: isReady ? 'ready' : 'not_ready',
      dependencies: Object.fromEntries(states),
    } satisfies z.infer<typeof readinessSchema>);
  });
  router.get('/metrics', named('/metrics'), ...metricsGuard, async (_request, response) => {
    response.set('Content-Type', metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  return router;
}

async function stateOf(check: Dependency['check']): Promise<{ status: 'up' | 'down'; detail?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<{ status: 'down' }>((resolve) => {
    timer = setTimeout(() => resolve({ status: 'down' }), checkTimeoutMs);
  });
  const state = check().then(
    (detail) => ({ status: 'up' as const, ...(typeof detail === 'string' && { detail }) }),
    () => ({ status: 'down' as const }),
  );
  const found = await Promise.race([state, timeout]);
  clearTimeout(timer);
  return found;
}

export interface ServerInfoOptions {
  readonly version: string;
  readonly maxBodyBytes: number;
  readonly maxRecords: number;
  readonly keyFingerprints: readonly string[];
}

/** What a client has to know before it sends. */
export function serverInfoRoute(options: ServerInfoOptions, guard: readonly RequestHandler[]): Router {
  const router = Router();
  router.get('/api/v1/server-info', named('/api/v1/server-info'), ...guard, (_request, response) => {
    const { allowDeclaredSafe } = principalOf(response);
    const clientId = clientOf(response);
    response.json({
      service: 'ingestion_api',
      version: options.version,
      client_id: clientId,
      processing_types: [...processingTypes],
      content_encodings: ['gzip', 'zstd'],
      declared_safe_allowed: allowDeclaredSafe,
      max_body_bytes: options.maxBodyBytes,
      max_records: options.maxRecords,
      key_fingerprints: [...options.keyFingerprints],
    } satisfies ServerInfo);
  });
  return router;
}
