import { RejectedError } from '@sdp/shared/errors';
import type { RequestHandler } from 'express';
import type { ApiKeyStore, Scope } from './api-keys/api-key-store.ts';
import { contextOf } from './request-context.ts';

const maxKeyLength = 512;

/** Makes guards that let a request through whose `X-API-Key` is valid and has the scope. */
export function authentication(keys: Pick<ApiKeyStore, 'authenticate'>): (scope?: Scope) => RequestHandler {
  return (scope) => async (request, response, next) => {
    const text = request.get('x-api-key');
    const principal = text && text.length <= maxKeyLength ? await keys.authenticate(text) : undefined;
    if (!principal) throw new RejectedError('unauthorized');
    const context = contextOf(response);
    context.principal = principal;
    context.logger = context.logger.child({ clientId: principal.clientId, keyId: principal.keyId });
    if (scope && !principal.scopes.includes(scope)) {
      throw new RejectedError('forbidden', { message: `The API key lacks the scope ${scope}` });
    }
    next();
  };
}
