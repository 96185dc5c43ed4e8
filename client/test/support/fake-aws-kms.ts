import { isSignedWith } from './aws-signature.ts';
import { FakeKeyService } from './fake-key-service.ts';

export const awsAccount = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

/** Encrypt and Decrypt of AWS KMS, as its API reference has them; requests have to be signed. */
export function startFakeAwsKms(keyId: string): Promise<FakeKeyService> {
  const exception = (name: string, message = 'withheld') => ({ status: 400, json: { __type: name, message } });
  return FakeKeyService.start((service, { path, headers, text, body }) => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = awsAccount;
    if (!isSignedWith(secret, id, { method: 'POST', path, headers, body: text })) {
      return exception('InvalidSignatureException');
    }
    if (headers['content-type'] !== 'application/x-amz-json-1.1') return exception('UnknownOperationException');
    if (body['KeyId'] !== keyId) return exception('NotFoundException');
    const context = JSON.stringify(body['EncryptionContext'] ?? {});
    if (headers['x-amz-target'] === 'TrentService.Encrypt') {
      const sealed = service.seal(Buffer.from(String(body['Plaintext']), 'base64'), context);
      return { status: 200, json: { CiphertextBlob: sealed.toString('base64'), KeyId: keyId } };
    }
    const plaintext = service.open(Buffer.from(String(body['CiphertextBlob']), 'base64'), context);
    return plaintext === undefined
      ? exception('InvalidCiphertextException')
      : { status: 200, json: { Plaintext: plaintext.toString('base64'), KeyId: keyId } };
  });
}
