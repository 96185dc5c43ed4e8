import { type ApiKeyList, type ApiKeyView, newApiKeySchema } from '@sdp/shared/contracts';
import { InputError, RejectedError } from '@sdp/shared/errors';
import { Router } from 'express';
import type { RecordAudit } from '../../audit/index.ts';
import { type Pool, withTransaction } from '../../database/index.ts';
import { type ApiKeyStore, type ApiKeySummary, named, parsedAs, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../guard.ts';
import { defaultScopesOf } from '../permissions.ts';
import { assertMayGive, coversTenants, ownerOf } from './owner-of.ts';

export interface KeyRoutesOptions {
  readonly pool: Pool;
  readonly keys: ApiKeyStore;
  readonly recordAudit: RecordAudit;
  readonly guard: Guard;
}

const maxBodyBytes = 65_536;

/** `/api/v1/keys`: for Admins. Who may see some clients alone sees keys of theirs, and makes no others. */
export function keyRoutes({ pool, keys, recordAudit, guard }: KeyRoutesOptions): Router {
  const router = Router();
  const all = '/api/v1/keys';

  router.get(all, named(all), ...guard('keys:manage'), async (_request, response) => {
    const principal = principalOf(response);
    const visible = (await keys.list()).filter(({ tenants }) => coversTenants(principal, tenants));
    response.json({ keys: visible.map(presentKey) } satisfies ApiKeyList);
  });

  router.post(all, named(all), ...guard('keys:manage'), async (request, response) => {
    const body = parsedAs(newApiKeySchema, await readJsonBody(request, maxBodyBytes));
    const principal = principalOf(response);
    const owner = ownerOf(body);
    assertMayGive(principal, owner);
    const scopes = body.scopes ?? defaultScopesOf(body.role);
    const expiresAt = body.expires_at === undefined ? undefined : new Date(body.expires_at);
    if (expiresAt && expiresAt.getTime() <= Date.now()) throw invalid('expires_at', 'lies in the past');
    const made = await withTransaction(pool, async (tx) => {
      const { label, allow_declared_safe: allowDeclaredSafe } = body;
      const key = await keys.create({ ...owner, label, scopes, allowDeclaredSafe, expiresAt }, tx);
      const clientId = owner.role === 'Client' ? owner.clientId : undefined;
      const detail = { role: owner.role, scopes, ...(owner.role !== 'Client' && { tenants: owner.tenants }) };
      await recordAudit(tx, { actor: principal, action: 'api-key.created', subject: key.keyId, clientId, detail });
      return key;
    });
    response.status(201).json({ key_id: made.keyId, api_key: made.text });
  });

  const one = `${all}/:keyId`;
  router.delete(one, named(one), ...guard('keys:manage'), async (request, response) => {
    const principal = principalOf(response);
    const key = (await keys.list()).find(({ keyId }) => keyId === request.params['keyId']);
    if (!key || !coversTenants(principal, key.tenants)) throw new RejectedError('not-found');
    await withTransaction(pool, async (tx) => {
      // One that was revoked before stays so: the caller has what it asked for.
      if (!(await keys.revoke(key.keyId, tx))) return;
      const clientId = key.clientId ?? undefined;
      await recordAudit(tx, { actor: principal, action: 'api-key.revoked', subject: key.keyId, clientId });
    });
    response.status(204).end();
  });
  return router;
}

function presentKey(key: ApiKeySummary): ApiKeyView {
  const { keyId, label, role, clientId, tenants, scopes, allowDeclaredSafe } = key;
  return {
    ...{ key_id: keyId, label, role, client_id: clientId, tenants: tenants === '*' ? '*' : [...tenants] },
    ...{ scopes: [...scopes], allow_declared_safe: allowDeclaredSafe },
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}

function invalid(field: string, message: string): InputError {
  return new InputError('request-invalid', { details: { findings: [{ field, message }] } });
}
