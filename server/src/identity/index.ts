export { type AccessDecision, type AccessLog, createAccessLog } from './access-log.ts';
export {
  type Authenticator,
  createGuard,
  type Guard,
  type GuardOptions,
  permissionOf,
  refusalLog,
  stillMay,
} from './guard.ts';
export {
  defaultScopesOf,
  entryOf,
  type Permission,
  permissionNames,
  permissions,
  refusalOf,
} from './permissions.ts';
export { type Principal, type Role, roles, type Scope, scopes, seesTenant, type Tenants } from './principal.ts';
