import type { Authenticator } from '../identity/guard.ts';
import type { ApiKeyStore } from './api-keys/api-key-store.ts';

const maxKeyLength = 512;

/** Knows callers by their `X-API-Key`. */
export function keyAuthenticator(keys: Pick<ApiKeyStore, 'authenticate'>): Authenticator {
  return async (request, maxAgeMs) => {
    const text = request.get('x-api-key');
    return text && text.length <= maxKeyLength ? keys.authenticate(text, maxAgeMs) : undefined;
  };
}
