import { newPasswordSchema, newUserSchema, type UserList, userChangeSchema } from '@sdp/shared/contracts';
import { InputError, RejectedError } from '@sdp/shared/errors';
import { type Request, Router } from 'express';
import { z } from 'zod';
import { named, parsedAs, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../guard.ts';
import type { Principal } from '../principal.ts';
import type { UserAccounts } from '../users/user-accounts.ts';
import { presentUser, tenantsOf, type UserRow } from '../users/user-row.ts';
import { canonicalName, type UserStore } from '../users/user-store.ts';
import { assertMayGive, coversTenants, ownerOf } from './owner-of.ts';

export interface UserRoutesOptions {
  readonly users: UserStore;
  readonly accounts: UserAccounts;
  readonly guard: Guard;
}

const maxBodyBytes = 65_536;
const uuid = z.uuid();

export const userListQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(200).optional(),
});

/** `/api/v1/users`: for Admins. Who may see some clients alone sees users of theirs, and makes no others. */
export function userRoutes({ users, accounts, guard }: UserRoutesOptions): Router {
  const router = Router();
  const all = '/api/v1/users';

  router.get(all, named(all), ...guard('users:manage'), async (request, response) => {
    const { limit, cursor } = parsedAs(userListQuerySchema, request.query);
    const { tenants } = principalOf(response);
    const found = await users.list(tenants, cursor === undefined ? undefined : nameAt(cursor), limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    response.json({
      users: page.map(presentUser),
      next_cursor: found.length > limit && last ? Buffer.from(last.name).toString('base64url') : null,
    } satisfies UserList);
  });

  router.post(all, named(all), ...guard('users:manage'), async (request, response) => {
    const { name, password, ...given } = parsedAs(newUserSchema, await readJsonBody(request, maxBodyBytes));
    const principal = principalOf(response);
    const owner = ownerOf(given);
    assertMayGive(principal, owner);
    const user = await accounts.add(principal, canonicalName(name), owner, password);
    response.status(201).location(`${all}/${user.user_id}`).json(presentUser(user));
  });

  const one = `${all}/:userId`;
  router.get(one, named(one), ...guard('users:manage'), async (request, response) => {
    response.json(presentUser(await visible(request, principalOf(response))));
  });

  router.patch(one, named(one), ...guard('users:manage'), async (request, response) => {
    const { state, ...given } = parsedAs(userChangeSchema, await readJsonBody(request, maxBodyBytes));
    const principal = principalOf(response);
    const { user_id: userId } = await visible(request, principal);
    const { role, client_id: clientId, tenants } = given;
    if (role === undefined && (clientId !== undefined || tenants !== undefined)) {
      throw new InputError('request-invalid', {
        details: { findings: [{ field: 'role', message: 'is needed with client_id or tenants' }] },
      });
    }
    const owner = role === undefined ? undefined : ownerOf({ ...given, role });
    if (owner) assertMayGive(principal, owner);
    response.json(presentUser(await accounts.change(principal, userId, { owner, state })));
  });

  const password = `${one}/password`;
  router.put(password, named(password), ...guard('users:manage'), async (request, response) => {
    const body = parsedAs(newPasswordSchema, await readJsonBody(request, maxBodyBytes));
    const principal = principalOf(response);
    const { user_id: userId } = await visible(request, principal);
    await accounts.resetPassword(principal, userId, body.password);
    response.status(204).end();
  });

  const factor = `${one}/second-factor`;
  router.delete(factor, named(factor), ...guard('users:manage'), async (request, response) => {
    const principal = principalOf(response);
    const { user_id: userId } = await visible(request, principal);
    await accounts.resetSecondFactor(principal, userId);
    response.status(204).end();
  });

  /** @throws {RejectedError} `not-found` */
  async function visible(request: Request, principal: Principal): Promise<UserRow> {
    const id = uuid.safeParse(request.params['userId']);
    const user = id.success ? await users.find(id.data) : undefined;
    if (!user || !isVisible(principal, user)) throw new RejectedError('not-found');
    return user;
  }
  return router;
}

function isVisible(principal: Principal, user: UserRow): boolean {
  return coversTenants(principal, tenantsOf(user));
}

/** @throws {InputError} `request-invalid` */
function nameAt(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^[a-z0-9][a-z0-9._@+-]{1,99}$/.test(name)) return name;
  throw new InputError('request-invalid', {
    details: { findings: [{ field: 'cursor', message: 'must come from an earlier page' }] },
  });
}
