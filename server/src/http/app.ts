import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import helmet from 'helmet';
import type { Logger, Metrics } from '../observability/index.ts';
import { countTampering, notFound, problemHandler } from './problems.ts';
import { addressRateLimit } from './rate-limit.ts';
import { requestContext } from './request-context.ts';

export interface AppOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Requests without a valid key, per address and minute. */
  readonly refusedPerMinute: number;
  readonly probes: Router;
  readonly routes: readonly Router[];
  /** Writes down what was refused, before the answer goes out. */
  readonly refusals?: ErrorRequestHandler;
}

/** The middleware that all routes share, in its order. Bodies are read by the routes themselves. */
export function createApp({ logger, metrics, refusedPerMinute, probes, routes, refusals }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestContext(logger, metrics));
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } } }));
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use(probes);
  app.use(addressRateLimit(refusedPerMinute));
  for (const router of routes) app.use(router);
  app.use(notFound);
  if (refusals) app.use(refusals);
  app.use(countTampering(metrics));
  app.use(problemHandler);
  return app;
}
