import type { Express, RequestHandler, Router } from 'express';
import { permissionOf } from './guard.ts';
import type { Permission } from './permissions.ts';

/** A route as the application serves it. */
export interface ListedRoute {
  /** In capitals. */
  readonly method: string;
  /** E.g. `/api/v1/jobs/:jobId`. */
  readonly path: string;
  /** Undefined for one that asks for none. */
  readonly permission: Permission | undefined;
}

/** Every route there is, read from the application itself: none can be served and not stand here. Routers are mounted at the root. */
export function routesOf(app: Express): ListedRoute[] {
  return routesIn(app.router.stack);
}

function routesIn(stack: Router['stack']): ListedRoute[] {
  return stack.flatMap(({ route, handle }) => {
    if (!route) {
      const { stack: inner } = handle as Partial<Router>;
      return inner === undefined ? [] : routesIn(inner);
    }
    const handlers = route.stack.map((layer) => layer.handle as RequestHandler);
    const permission = handlers.map(permissionOf).find((each) => each !== undefined);
    const methods = new Set(route.stack.map(({ method }) => method.toUpperCase()));
    return [...methods].map((method) => ({ method, path: route.path, permission }));
  });
}
