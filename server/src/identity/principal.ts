import { roleSchema, scopeSchema } from '@sdp/shared/contracts';

/** What people and keys may be. Each has one; what a role may do is in `permissions.ts`. */
export const roles = roleSchema.options;
export type Role = (typeof roles)[number];

/** Bounds on one key, within what its role may do. */
export const scopes = scopeSchema.options;
export type Scope = (typeof scopes)[number];

/** Client ids whose data somebody may see; `*` stands for all of them, those to come included. */
export type Tenants = readonly string[] | '*';

/** Who is asking, by the key or the session that came with the request. */
export interface Principal {
  readonly kind: 'key' | 'user';
  /** The key's or the user's, never a secret. */
  readonly id: string;
  /** For people to read: the key's label or the user's name. */
  readonly name: string;
  readonly role: Role;
  /**
   * The client for which it acts: a Client's own, or the one that staff named with `X-SDP-Client-Id`. Staff who named none see
   * all of their `tenants`, but can't do what has to be done for one client.
   */
  readonly clientId: string | undefined;
  /** Narrowed to the client for which it acts, where there is one. */
  readonly tenants: Tenants;
  /** Of a key; a user has all. */
  readonly scopes: readonly Scope[];
  /** A key's policy: may its holder answer false alarms of the firewall. */
  readonly allowDeclaredSafe: boolean;
}

/** @returns whether the principal may know that this client exists */
export function seesTenant({ tenants }: Pick<Principal, 'tenants'>, clientId: string): boolean {
  return tenants === '*' || tenants.includes(clientId);
}
