export { type AccessDecision, type AccessLog, createAccessLog } from './access-log.ts';
export { identityPaths, oidcPaths } from './api/identity-paths.ts';
export { identityRoutes } from './api/identity-routes.ts';
export {
  type Authenticator,
  createGuard,
  type Guard,
  type GuardOptions,
  permissionOf,
  refusalLog,
  stillMay,
} from './guard.ts';
export { createIdentity, type Identity, writeRoles } from './identity.ts';
export {
  defaultScopesOf,
  entryOf,
  type Permission,
  permissionNames,
  permissions,
  refusalOf,
} from './permissions.ts';
export { type Principal, type Role, roles, type Scope, scopes, seesTenant, type Tenants } from './principal.ts';
export { type ListedRoute, routesOf } from './route-list.ts';
export { sessionAuthenticator } from './sessions/session-authenticator.ts';
export { type Owner, presentUser, type UserRow } from './users/user-row.ts';
