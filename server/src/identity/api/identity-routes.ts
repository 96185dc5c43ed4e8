import type { Router } from 'express';
import { type KeyRoutesOptions, keyRoutes } from './key-routes.ts';
import { type SessionRoutesOptions, sessionRoutes } from './session-routes.ts';
import { type UserRoutesOptions, userRoutes } from './user-routes.ts';

/** Sessions, users and keys. */
export function identityRoutes(options: SessionRoutesOptions & UserRoutesOptions & KeyRoutesOptions): Router[] {
  return [sessionRoutes(options), userRoutes(options), keyRoutes(options)];
}
