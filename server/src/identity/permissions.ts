import type { Principal, Role, Scope } from './principal.ts';

interface PermissionEntry {
  readonly roles: readonly Role[];
  /** Which scope a key must have beside its role; without one, every key of the role may. */
  readonly scope?: Scope;
  /** For people who are signed in, not for keys. */
  readonly isForUsers?: true;
  /** What it is for, as the docs say it. */
  readonly summary: string;
}

const everyone: readonly Role[] = ['DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client', 'Admin'];
const readers: readonly Role[] = ['DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client'];
const staffReaders: readonly Role[] = ['DataEngineer', 'DataAnalyst', 'SecurityAuditor'];

/**
 * Who may do what: the one table that decides it. Routes name a permission, never a role. docs/roles.md shows it and the table
 * `roles` repeats it for those who look with SQL; nothing reads it from there.
 */
export const permissions = {
  'self:read': { roles: everyone, summary: 'See who one is, and what a client has to know of the server' },
  'self:manage': {
    roles: everyone,
    isForUsers: true,
    summary: 'Change one’s own password and second factor, sign out',
  },
  'jobs:upload': { roles: ['DataEngineer', 'Client'], scope: 'batches:write', summary: 'Hand in tokenized data' },
  'jobs:read': { roles: readers, scope: 'batches:read', summary: 'See jobs and how far they have come' },
  'results:read': { roles: readers, scope: 'batches:read', summary: 'Read what was computed on a job' },
  'records:read': { roles: readers, scope: 'batches:read', summary: 'Read, search and export records and versions' },
  'records:write': { roles: ['DataEngineer'], scope: 'records:write', summary: 'Make a new version of a record' },
  'records:propose': {
    roles: ['DataEngineer', 'DataAnalyst'],
    scope: 'records:propose',
    summary: 'Propose a new version of a record',
  },
  'proposals:read': { roles: staffReaders, scope: 'batches:read', summary: 'See what was proposed' },
  'proposals:decide': {
    roles: ['DataEngineer'],
    scope: 'records:write',
    summary: 'Approve or reject what somebody else proposed',
  },
  'quality:read': { roles: readers, scope: 'batches:read', summary: 'See how good a job’s data is' },
  'transactions:write': {
    roles: ['Client'],
    scope: 'transactions:write',
    summary: 'Hand in transactions and report what they turned out to be',
  },
  'transactions:read': { roles: readers, scope: 'transactions:read', summary: 'See decisions and alerts' },
  'events:write': {
    roles: ['Client'],
    scope: 'events:write',
    summary: 'Hand in events: logs, metrics and transactions to be watched',
  },
  'events:read': { roles: readers, scope: 'events:read', summary: 'See recent events and how many there were' },
  'anomalies:read': {
    roles: readers,
    scope: 'anomalies:read',
    summary: 'See anomalies, and follow them as they are found',
  },
  'anomalies:handle': {
    roles: ['DataEngineer', 'DataAnalyst'],
    scope: 'anomalies:handle',
    summary: 'Acknowledge and resolve anomalies',
  },
  'alerts:read': { roles: staffReaders, scope: 'alerts:read', summary: 'See who was told of what' },
  'alerts:manage': { roles: ['DataEngineer'], scope: 'alerts:manage', summary: 'Silence alerts for a time' },
  'vault:copy': { roles: ['Client'], scope: 'vault:copy', summary: 'Keep a sealed copy of one’s vault on the server' },
  'metrics:read': {
    roles: ['DataEngineer', 'SecurityAuditor'],
    scope: 'batches:read',
    summary: 'See figures of the server',
  },
  'access-log:read': {
    roles: ['SecurityAuditor'],
    scope: 'audit:read',
    summary: 'See who was let in to what, and who wasn’t',
  },
  'audit:read': {
    roles: ['SecurityAuditor'],
    scope: 'audit:read',
    summary: 'See and export the audit trail and its proofs',
  },
  'integrity:read': {
    roles: ['DataEngineer', 'SecurityAuditor'],
    scope: 'audit:read',
    summary: 'See whether stored data are as they were written',
  },
  'users:manage': { roles: ['Admin'], scope: 'identity:manage', summary: 'Make, change and disable users' },
  'keys:manage': { roles: ['Admin'], scope: 'identity:manage', summary: 'Make, list and revoke API keys' },
} as const satisfies Record<string, PermissionEntry>;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as readonly Permission[];

export function entryOf(permission: Permission): PermissionEntry {
  return permissions[permission];
}

/** Why somebody may not, or undefined where they may. */
export type Refusal = { readonly because: 'role' | 'kind' } | { readonly because: 'scope'; readonly scope: Scope };

export function refusalOf({ kind, role, scopes }: Principal, permission: Permission): Refusal | undefined {
  const entry = entryOf(permission);
  if (!entry.roles.includes(role)) return { because: 'role' };
  if (kind === 'key' && entry.isForUsers) return { because: 'kind' };
  if (kind === 'key' && entry.scope !== undefined && !scopes.includes(entry.scope)) {
    return { because: 'scope', scope: entry.scope };
  }
  return undefined;
}

/** What a key of the role may do unless less is asked for. A copy of a vault on the server is nobody's default. */
export function defaultScopesOf(role: Role): Scope[] {
  const used = permissionNames.map(entryOf).filter(({ roles }) => roles.includes(role));
  const named = used.map(({ scope }) => scope).filter((scope) => scope !== undefined && scope !== 'vault:copy');
  return [...new Set(named)] as Scope[];
}
