import { createHash, createHmac } from 'node:crypto';

/** A request as its signature covers it. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** Signature of a request without a query, by the AWS Signature Version 4 documentation. */
export function awsSignature(
  { method, path, headers, body }: SignedRequest,
  { secret, date, scope, signedHeaders }: { secret: string; date: string; scope: string; signedHeaders: string },
): string {
  const canonicalHeaders = signedHeaders
    .split(';')
    .map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('');
  const canonical = [method, path, '', canonicalHeaders, signedHeaders, sha256(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secretSoFar, part) => hmac(secretSoFar, part), `AWS4${secret}`);
  return hmac(key, toSign).toString('hex');
}

/** Whether the `Authorization` header of a request fits the request and the secret. */
export function isSignedWith(secret: string, accessKeyId: string, request: SignedRequest): boolean {
  const { authorization = '', 'x-amz-date': date = '' } = request.headers;
  const found = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    authorization,
  );
  if (found === null) return false;
  const [, id, scope = '', signedHeaders = '', signature] = found;
  return (
    id === accessKeyId &&
    signedHeaders.split(';').includes('host') &&
    signature === awsSignature(request, { secret, date, scope, signedHeaders })
  );
}
