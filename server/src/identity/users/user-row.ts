import type { UserView } from '@sdp/shared/contracts';
import { type Principal, type Role, scopes, type Tenants } from '../principal.ts';

/** A row of `users`. */
export interface UserRow {
  readonly user_id: string;
  readonly name: string;
  readonly role: Role;
  readonly client_id: string | null;
  readonly tenants: string[];
  readonly state: 'active' | 'disabled';
  readonly password_hash: string | null;
  readonly password_is_initial: boolean;
  readonly totp_is_confirmed: boolean;
  readonly created_at: Date;
}

/** For whom somebody works: a Client for its own, staff for some clients or all. */
export type Owner =
  | { readonly role: 'Client'; readonly clientId: string }
  | { readonly role: Exclude<Role, 'Client'>; readonly tenants: Tenants };

const all = '*';

/** As the columns `role`, `client_id` and `tenants` hold it. */
export function ownerColumns(owner: Owner): [role: Role, clientId: string | null, tenants: readonly string[]] {
  if (owner.role === 'Client') return ['Client', owner.clientId, []];
  return [owner.role, null, owner.tenants === all ? [all] : owner.tenants];
}

export function tenantsOf({ client_id: clientId, tenants }: Pick<UserRow, 'client_id' | 'tenants'>): Tenants {
  if (clientId !== null) return [clientId];
  return tenants.includes(all) ? all : tenants;
}

export function principalOfUser(row: UserRow): Principal {
  return {
    kind: 'user',
    id: row.user_id,
    name: row.name,
    role: row.role,
    clientId: row.client_id ?? undefined,
    tenants: tenantsOf(row),
    scopes,
    allowDeclaredSafe: false,
  };
}

export function presentUser(row: UserRow): UserView {
  const tenants = tenantsOf(row);
  return {
    user_id: row.user_id,
    name: row.name,
    role: row.role,
    client_id: row.client_id,
    tenants: tenants === all ? all : [...tenants],
    state: row.state,
    has_password: row.password_hash !== null,
    has_second_factor: row.totp_is_confirmed,
    created_at: row.created_at.toISOString(),
  };
}
