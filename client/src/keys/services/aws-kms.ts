import { ConfigError } from '@sdp/shared/errors';
import { AwsV4Signer } from 'aws4fetch';
import { z } from 'zod';
import { isLoopbackHost } from '../../upload/server-url.ts';
import type { Environment, KeySurroundings } from '../key-surroundings.ts';
import { loadAwsCredentials } from './aws-credentials.ts';
import type { KeyService, KeyServiceTuning } from './key-service.ts';
import { connectToService, malformed, refused, type ServiceAnswer, type ServiceRequest } from './service-request.ts';

const remedy =
  'Check the credentials, the region and the key, and that its policy allows kms:Encrypt and kms:Decrypt with this context.';

const encryptAnswer = z.object({ CiphertextBlob: z.base64() });
const decryptAnswer = z.object({ Plaintext: z.base64() });

/**
 * AWS KMS, its JSON protocol with signature version 4: `aws-kms://KEY?region=REGION`, where KEY is a key id, an ARN or
 * `alias/NAME`. `endpoint=URL` or `AWS_ENDPOINT_URL_KMS` lead to another place than AWS. The context goes along as
 * encryption context, which AWS authenticates and writes into CloudTrail.
 */
export function createAwsKms(uri: string, surroundings: KeySurroundings, tuning: KeyServiceTuning): KeyService {
  const { env, signal } = surroundings;
  const { keyId, region, endpoint } = parseKmsUri(uri, env);
  const credentials = loadAwsCredentials(env);
  const connection = connectToService(endpoint, { signal, tuning, isBusy });
  const signed = async (action: string, body: string): Promise<ServiceRequest> => {
    const signer = new AwsV4Signer({
      ...credentials,
      url: endpoint.href,
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
      body,
      service: 'kms',
      region,
      // AWS asks for the content type to be signed where it is sent; the library leaves it out by itself.
      allHeaders: true,
    });
    const { headers } = await signer.sign();
    return { url: endpoint, headers: Object.fromEntries(headers), body };
  };
  const call = async (action: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const body = JSON.stringify({ KeyId: keyId, ...parameters });
    const answer = await connection.post(() => signed(action, body));
    if (answer.status === 200) return answer.json;
    throw refused(answer.status, kindOf(answer), remedy);
  };
  return {
    wrap: async (plaintext, context) => {
      const text = Buffer.from(plaintext).toString('base64');
      const parsed = encryptAnswer.safeParse(
        await call('Encrypt', { Plaintext: text, EncryptionContext: { sdp: context } }),
      );
      if (!parsed.success) throw malformed();
      return parsed.data.CiphertextBlob;
    },
    unwrap: async (ciphertext, context) => {
      const parsed = decryptAnswer.safeParse(
        await call('Decrypt', { CiphertextBlob: ciphertext, EncryptionContext: { sdp: context } }),
      );
      if (!parsed.success) throw malformed();
      return Buffer.from(parsed.data.Plaintext, 'base64');
    },
    close: () => connection.close(),
  };
}

interface KmsAddress {
  readonly keyId: string;
  readonly region: string;
  readonly endpoint: URL;
}

export function parseKmsUri(uri: string, env: Environment): KmsAddress {
  const [, keyId = '', query = ''] = /^aws-kms:\/\/\/?([^?]*)(?:\?(.*))?$/.exec(uri) ?? [];
  const options = new URLSearchParams(query);
  const region =
    options.get('region') ||
    /^arn:[\w-]+:kms:([\w-]+):/.exec(keyId)?.[1] ||
    env['AWS_REGION'] ||
    env['AWS_DEFAULT_REGION'];
  if (
    !/^[\w:/-]{1,2048}$/.test(keyId) ||
    [...options.keys()].some((name) => name !== 'region' && name !== 'endpoint')
  ) {
    throw invalid('The address of the AWS key is not valid');
  }
  if (!region || !/^[a-z0-9-]{1,40}$/.test(region)) throw invalid('The region of the AWS key is not known');
  const named = options.get('endpoint') || env['AWS_ENDPOINT_URL_KMS'] || env['AWS_ENDPOINT_URL'];
  const endpoint = URL.parse(named ?? `https://kms.${region}.${domainOf(region)}/`);
  if (endpoint === null || !['https:', 'http:'].includes(endpoint.protocol)) {
    throw invalid('The endpoint of the AWS key is not an address');
  }
  if (endpoint.protocol === 'http:' && !isLoopbackHost(endpoint.hostname)) {
    throw new ConfigError('key-source-invalid', {
      message: 'Plain HTTP to a key service is allowed to this machine only',
      remedy: 'Give an https address as the endpoint.',
    });
  }
  return { keyId, region, endpoint };
}

const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

function invalid(message: string): ConfigError {
  return new ConfigError('key-source-invalid', {
    message,
    remedy: 'Give it as in aws-kms://alias/sdp?region=eu-central-1, or with a key id or an ARN.',
  });
}

/** The name of AWS's exception, which holds no value: `AccessDeniedException` for instance. */
function kindOf({ json }: ServiceAnswer): string | undefined {
  const { __type } = (json ?? {}) as { __type?: unknown };
  const name = typeof __type === 'string' ? __type.split('#').at(-1) : undefined;
  return name !== undefined && /^[A-Za-z]{1,80}$/.test(name) ? name : undefined;
}

/** AWS says with status 400 that it is asked too often. */
const isBusy = (answer: ServiceAnswer): boolean => kindOf(answer) === 'ThrottlingException';
