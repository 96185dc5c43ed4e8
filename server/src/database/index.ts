export { asDatabaseError, isUniqueViolation, sqlStateOf } from './database-error.ts';
export { embeddedDsn } from './embedded/connection-file.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded/embedded-postgres.ts';
export { GroupCommit } from './group-commit.ts';
export { applyMigrations, migrationsAreCurrent, migrationsDir } from './migrations.ts';
export {
  createPool,
  type Pool,
  type PoolClient,
  type PoolOptions,
  type Queryable,
  query,
  withTransaction,
} from './pool.ts';
export { inTenants, onlyTenants, tenantRole, withTenants } from './tenants.ts';
