import { inspect } from 'node:util';
import { randomId } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { AwsV4Signer } from 'aws4fetch';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateMasterKeyText, parseMasterKey } from '../../src/keys/index.ts';
import { unwrapByService, wrapByService } from '../../src/keys/kms-wrap.ts';
import { parseProfile } from '../../src/keys/services/aws-credentials.ts';
import { parseKmsUri } from '../../src/keys/services/aws-kms.ts';
import { awsSignature } from '../support/aws-signature.ts';
import { awsAccount, startFakeAwsKms } from '../support/fake-aws-kms.ts';
import { answering, cutting, type FakeKeyService, silent } from '../support/fake-key-service.ts';
import { startFakeTransit } from '../support/fake-transit.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { hasOpenssl, selfSigned } from '../support/self-signed.ts';

const token = 'hvs.CAESIJ-secret-token';
const keyText = generateMasterKeyText();
const master = parseMasterKey(keyText);
const tuning = { retry: { maxRetries: 2, initialDelayMs: 1, maxDelayMs: 2, maxRetryAfterSeconds: 1 }, timeoutMs: 300 };

const services = {
  'vault-transit': {
    start: () => startFakeTransit(token, 'sdp'),
    uri: (port: number) => `vault-transit://127.0.0.1:${port}/transit/sdp?scheme=http`,
    otherKey: (port: number) => `vault-transit://127.0.0.1:${port}/transit/other?scheme=http`,
    env: { VAULT_TOKEN: token } as Record<string, string>,
    wrongEnv: { VAULT_TOKEN: 'hvs.other' } as Record<string, string>,
    tamper: (ciphertext: string) => ciphertext.replace(/.{4}$/, 'AAA='),
    secret: token,
  },
  'aws-kms': {
    start: () => startFakeAwsKms('alias/sdp'),
    uri: (port: number) => `aws-kms://alias/sdp?region=eu-central-1&endpoint=http://127.0.0.1:${port}/`,
    otherKey: (port: number) => `aws-kms://alias/other?region=eu-central-1&endpoint=http://127.0.0.1:${port}/`,
    env: awsAccount as Record<string, string>,
    wrongEnv: { ...awsAccount, AWS_SECRET_ACCESS_KEY: 'another' } as Record<string, string>,
    tamper: (ciphertext: string) => ciphertext.replace(/.{4}$/, 'AAA='),
    secret: awsAccount.AWS_SECRET_ACCESS_KEY,
  },
} as const;

describe.each(Object.entries(services))('%s', (name, { start, uri, otherKey, env, wrongEnv, tamper, secret }) => {
  let service: FakeKeyService;
  const id = randomId();
  const surroundings = { env, cwd: '/' };
  beforeAll(async () => {
    service = await start();
  });
  afterEach(() => {
    service.faults.length = 0;
  });
  afterAll(() => service.close());

  const wrap = () => wrapByService(id, master, uri(service.port), surroundings, tuning);
  const failure = async (work: Promise<unknown>): Promise<SdpError> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SdpError)) throw new Error('it should have failed');
    const shown = inspect(error, { depth: 9 });
    for (const needle of [secret, keyText.slice(0, 43), Buffer.from(master.export()).toString('base64')]) {
      expect(shown).not.toContain(needle);
    }
    return error;
  };

  it('wraps a key and gives it back', async () => {
    const wrapped = await wrap();
    expect(JSON.stringify(wrapped)).not.toContain(keyText.slice(0, 43));
    const opened = await unwrapByService(id, wrapped, surroundings, tuning);
    expect(opened?.equals(master)).toBe(true);
  });

  it('opens it for its own file alone, and notices a changed bit', async () => {
    const wrapped = await wrap();
    expect(await failure(unwrapByService(randomId(), wrapped, surroundings, tuning))).toMatchObject({
      code: 'key-locked',
    });
    const changed = { ...wrapped, ciphertext: tamper(wrapped.ciphertext) };
    expect(await failure(unwrapByService(id, changed, surroundings, tuning))).toMatchObject({ code: 'key-locked' });
  });

  it('says that credentials or the key are not accepted, without trying again', async () => {
    const wrapped = await wrap();
    const before = service.calls.length;
    const wrong = { env: wrongEnv, cwd: '/' };
    expect(await failure(unwrapByService(id, wrapped, wrong, tuning))).toMatchObject({
      code: 'key-locked',
      exitStatus: 3,
    });
    expect(service.calls.length).toBe(before + 1);
    const other = { ...wrapped, uri: otherKey(service.port) };
    expect(await failure(unwrapByService(id, other, surroundings, tuning))).toMatchObject({ code: 'key-locked' });
    expect(await failure(unwrapByService(id, wrapped, { env: {}, cwd: '/' }, tuning))).toMatchObject({
      code: 'key-source-invalid',
    });
  });

  it.each([
    ['a 500', answering(500)],
    ['a 503 with a sentence', answering(503, { errors: ['Vault is sealed'] })],
    ['too many requests', answering(429)],
    // In the words of AWS, with a status that isn't one of patience.
    ['throttling', answering(name === 'aws-kms' ? 400 : 429, { __type: 'ThrottlingException' })],
    ['a cut connection', cutting],
    ['no answer', silent],
  ])('tries again after %s, and gives up in the end', async (_what, fault) => {
    const wrapped = await wrap();
    service.faults.push(fault, fault);
    expect((await unwrapByService(id, wrapped, surroundings, tuning))?.equals(master)).toBe(true);
    service.faults.push(fault, fault, fault);
    expect(await failure(unwrapByService(id, wrapped, surroundings, tuning))).toMatchObject({
      code: 'kms-unavailable',
      exitStatus: 7,
    });
  });

  it('takes no answer that is not one', async () => {
    const wrapped = await wrap();
    service.faults.push(answering(200, { data: { plaintext: 17 }, Plaintext: 'no base64!' }));
    expect(await failure(unwrapByService(id, wrapped, surroundings, tuning))).toMatchObject({
      code: 'kms-unavailable',
    });
    const short = Buffer.alloc(16).toString('base64');
    service.faults.push(answering(200, { data: { plaintext: short }, Plaintext: short }));
    expect(await unwrapByService(id, wrapped, surroundings, tuning)).toBeUndefined();
  });

  it('says that nobody listens', async () => {
    const gone = await start();
    const { port } = gone;
    await gone.close();
    expect(await failure(wrapByService(id, master, uri(port), surroundings, tuning))).toMatchObject({
      code: 'kms-unavailable',
    });
  });
});

describe('Transit', () => {
  it.skipIf(!hasOpenssl())('answers over TLS under an authority of one’s own, and under no other', async () => {
    const folder = temporaryFolder();
    const tls = selfSigned(folder.path, 'IP:127.0.0.1');
    const service = await startFakeTransit(token, 'sdp', tls);
    const uri = `vault-transit://127.0.0.1:${service.port}/transit/sdp`;
    const wrap = (env: Record<string, string>) =>
      wrapByService(randomId(), master, uri, { env: { VAULT_TOKEN: token, ...env }, cwd: folder.path }, tuning);
    try {
      await expect(wrap({ VAULT_CACERT: 'tls.pem' })).resolves.toMatchObject({ kind: 'kms' });
      await expect(wrap({ BAO_CACERT: tls.path })).resolves.toMatchObject({ kind: 'kms' });
      await expect(wrap({})).rejects.toMatchObject({ code: 'kms-unavailable', message: /DEPTH_ZERO_SELF_SIGNED_CERT/ });
      await expect(wrap({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).rejects.toMatchObject({ code: 'kms-unavailable' });
      await expect(wrap({ VAULT_CACERT: 'none.pem' })).rejects.toMatchObject({ code: 'config-unreadable' });
    } finally {
      await service.close();
      folder.remove();
    }
  });

  // Sentences of Vault 1.21.4's own Transit engine.
  it.each([
    [400, 'encryption key not found', /no such key/],
    [400, 'cipher: message authentication failed', /the wrapped key does not fit/],
    [400, 'invalid ciphertext: version is too new', /the wrapped key does not fit/],
    [400, 'ciphertext or signature version is disallowed by policy (too old)', /higher min_decryption_version/],
    [400, "'[0].associated_data' provided for non-AEAD cipher suite rsa-2048", /a key of this type does not do/],
    [403, 'permission denied', /permission denied/],
    [404, 'no handler for route "transit/decrypt/sdp". route entry not found.', /no such mount or key/],
  ])('says what HTTP %i, %s means', async (status, sentence, meant) => {
    const service = await startFakeTransit(token, 'sdp');
    service.faults.push(answering(status, { errors: [sentence] }));
    const uri = `vault-transit://127.0.0.1:${service.port}/transit/sdp?scheme=http`;
    const opening = unwrapByService(
      randomId(),
      { kind: 'kms', uri, ciphertext: 'vault:v1:AAAA' },
      { env: { VAULT_TOKEN: token }, cwd: '/' },
      tuning,
    );
    await expect(opening).rejects.toMatchObject({ code: 'key-locked', message: meant });
    await service.close();
  });

  it('is asked in its namespace', async () => {
    const service = await startFakeTransit(token, 'sdp');
    const uri = `vault-transit://127.0.0.1:${service.port}/transit/sdp?scheme=http&namespace=team%2Fa`;
    await wrapByService(randomId(), master, uri, { env: { VAULT_TOKEN: token }, cwd: '/' }, tuning);
    expect(service.calls.at(-1)?.headers['x-vault-namespace']).toBe('team/a');
    await service.close();
  });
});

describe('addresses of key services', () => {
  it.each([
    'vault-transit://vault.example.com/transit',
    'vault-transit://user:pass@vault.example.com/transit/sdp',
    'vault-transit://vault.example.com/transit/sdp?token=x',
    'vault-transit://vault.example.com/transit/sdp?scheme=http',
    'vault-transit://vault.example.com/transit/../sys/raw?x',
    'aws-kms://?region=eu-central-1',
    'aws-kms://alias/sdp',
    'aws-kms://alias/sdp?region=eu central',
    'aws-kms://alias/sdp?region=eu-central-1&endpoint=http://kms.example.com',
    'aws-kms://alias/sdp?region=eu-central-1&profile=x',
    'gcp-kms://projects/p',
    'constructor://x/y/z',
    'nothing',
  ])('%s is refused', async (uri) => {
    const surroundings = { env: { VAULT_TOKEN: 't', ...awsAccount }, cwd: '/' };
    await expect(wrapByService(randomId(), master, uri, surroundings, tuning)).rejects.toMatchObject({
      code: 'key-source-invalid',
    });
  });

  it('an ARN names its region; China has a domain of its own', () => {
    const arn = 'arn:aws-cn:kms:cn-north-1:111122223333:key/1234';
    const parsed = parseKmsUri(`aws-kms://${arn}`, {});
    expect(parsed).toMatchObject({ keyId: arn, region: 'cn-north-1' });
    expect(parsed.endpoint.href).toBe('https://kms.cn-north-1.amazonaws.com.cn/');
  });

  it('a profile of the credentials file', () => {
    const text =
      '[default]\naws_access_key_id = A\n\n[profile work]\naws_access_key_id=B\naws_secret_access_key = s=1 \n';
    expect(parseProfile(text, 'work')).toEqual({ aws_access_key_id: 'B', aws_secret_access_key: 's=1' });
  });
});

describe('signatures', () => {
  // From the AWS Signature Version 4 test suite: get-vanilla and post-vanilla.
  const vectors = [
    { method: 'GET', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
    { method: 'POST', signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b' },
  ];
  it.each(vectors)('$method as published, by the test’s verifier and by the library', async ({ method, signature }) => {
    const date = '20150830T123600Z';
    const headers = { host: 'example.amazonaws.com', 'x-amz-date': date };
    const options = {
      secret: awsAccount.AWS_SECRET_ACCESS_KEY,
      date,
      scope: '20150830/us-east-1/service/aws4_request',
      signedHeaders: 'host;x-amz-date',
    };
    expect(awsSignature({ method, path: '/', headers, body: '' }, options)).toBe(signature);
    const signer = new AwsV4Signer({
      method,
      url: 'https://example.amazonaws.com/',
      accessKeyId: awsAccount.AWS_ACCESS_KEY_ID,
      secretAccessKey: awsAccount.AWS_SECRET_ACCESS_KEY,
      service: 'service',
      region: 'us-east-1',
      datetime: date,
    });
    expect(await signer.signature()).toBe(signature);
  });
});
