import type { Router } from 'express';
import { type KeyRoutesOptions, keyRoutes } from './key-routes.ts';
import { type OidcRoutesOptions, oidcRoutes } from './oidc-routes.ts';
import { type SessionRoutesOptions, sessionRoutes } from './session-routes.ts';
import { type UserRoutesOptions, userRoutes } from './user-routes.ts';

export type IdentityRoutesOptions = SessionRoutesOptions &
  UserRoutesOptions &
  KeyRoutesOptions & {
    /** Where people may sign in with another service. */
    readonly oidc?: Pick<OidcRoutesOptions, 'client' | 'attempts'> | undefined;
  };

/** Sessions, users and keys. */
export function identityRoutes(options: IdentityRoutesOptions): Router[] {
  const { oidc } = options;
  return [
    ...(oidc ? [oidcRoutes({ ...options, ...oidc })] : []),
    sessionRoutes(options),
    userRoutes(options),
    keyRoutes(options),
  ];
}
