import { FakeKeyService, type TlsIdentity } from './fake-key-service.ts';

/** The Transit engine's encrypt and decrypt, as its API documentation has them, for one token and one key. */
export function startFakeTransit(token: string, key: string, tls?: TlsIdentity): Promise<FakeKeyService> {
  const errors = (...texts: string[]) => ({ errors: texts });
  return FakeKeyService.start((service, { path, headers, body }) => {
    if (headers['x-vault-token'] !== token) return { status: 403, json: errors('permission denied') };
    const [, mount, verb, name] = /^\/v1\/(.+)\/(encrypt|decrypt)\/([^/]+)$/.exec(path) ?? [];
    if (mount !== 'transit') return { status: 404, json: errors('no handler for route') };
    if (name !== key) return { status: 400, json: errors('encryption key not found') };
    const context = String(body['associated_data'] ?? '');
    if (verb === 'encrypt') {
      const sealed = service.seal(Buffer.from(String(body['plaintext']), 'base64'), context);
      return { status: 200, json: { data: { ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 } } };
    }
    const sealed = Buffer.from(String(body['ciphertext']).replace(/^vault:v1:/, ''), 'base64');
    const plaintext = service.open(sealed, context);
    return plaintext === undefined
      ? { status: 400, json: errors('cipher: message authentication failed') }
      : { status: 200, json: { data: { plaintext: plaintext.toString('base64') } } };
  }, tls);
}
