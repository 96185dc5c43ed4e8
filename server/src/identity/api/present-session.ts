import type { SessionView } from '@sdp/shared/contracts';
import { permissionNames, refusalOf } from '../permissions.ts';
import type { Principal } from '../principal.ts';

export function presentSession(principal: Principal, csrfToken: string | null): SessionView {
  const { kind, id, name, role, clientId, tenants } = principal;
  return {
    ...{ kind, id, name, role, client_id: clientId ?? null },
    tenants: tenants === '*' ? '*' : [...tenants],
    permissions: permissionNames.filter((permission) => refusalOf(principal, permission) === undefined),
    csrf_token: csrfToken,
  };
}
