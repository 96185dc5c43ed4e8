import { InputError, RejectedError } from '@sdp/shared/errors';
import type { Principal, Role, Tenants } from '../principal.ts';
import type { Owner } from '../users/user-row.ts';

interface GivenOwner {
  readonly role: Role;
  readonly client_id?: string | undefined;
  readonly tenants?: '*' | string[] | undefined;
}

/** @throws {InputError} `request-invalid` unless a Client has a client, and everybody else tenants */
export function ownerOf({ role, client_id: clientId, tenants }: GivenOwner): Owner {
  if (role === 'Client') {
    if (clientId !== undefined && tenants === undefined) return { role, clientId };
    throw invalid('client_id', 'a Client has one client_id and no tenants');
  }
  if (tenants !== undefined && clientId === undefined) return { role, tenants };
  throw invalid('tenants', 'this role has tenants and no client_id');
}

export function tenantsOfOwner(owner: Owner): Tenants {
  return owner.role === 'Client' ? [owner.clientId] : owner.tenants;
}

/** Whether all of these clients are the principal's to see. */
export function coversTenants({ tenants: own }: Pick<Principal, 'tenants'>, tenants: Tenants): boolean {
  if (own === '*') return true;
  return tenants !== '*' && tenants.every((each) => own.includes(each));
}

/** Nobody gives what they haven't got. @throws {RejectedError} `forbidden` */
export function assertMayGive(principal: Principal, owner: Owner): void {
  if (coversTenants(principal, tenantsOfOwner(owner))) return;
  throw new RejectedError('forbidden', { message: 'Not all of these clients are yours to give' });
}

function invalid(field: string, message: string): InputError {
  return new InputError('request-invalid', { details: { findings: [{ field, message }] } });
}
