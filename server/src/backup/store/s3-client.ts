import type { S3Client } from '@aws-sdk/client-s3';
import type { S3BackupPlace } from './s3-place.ts';

type Commands = Pick<
  typeof import('@aws-sdk/client-s3'),
  'GetObjectCommand' | 'HeadObjectCommand' | 'ListObjectsV2Command' | 'PutObjectCommand'
>;

const connectMs = 5_000;
const requestMs = 60_000;
const sessionSeconds = 3_600;

/**
 * A client for the bucket. The library is loaded here, so that who has no bucket doesn't pay for it.
 *
 * Credentials: those that are given, or what the library finds on the machine (environment, profile, web identity, container,
 * instance); with a role, those are used to take it on, again and again before it ends.
 */
export async function openS3Client(
  place: S3BackupPlace,
): Promise<{ readonly client: S3Client; readonly commands: Commands }> {
  const { S3Client, ...commands } = await import('@aws-sdk/client-s3');
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const { region, endpoint, credentials: given, roleArn, stsEndpoint } = place;
  const own =
    given === undefined
      ? fromNodeProviderChain()
      : {
          ...{ accessKeyId: given.accessKeyId, secretAccessKey: given.secretAccessKey },
          ...(given.sessionToken !== undefined && { sessionToken: given.sessionToken }),
        };
  const credentials =
    roleArn === undefined
      ? own
      : fromTemporaryCredentials({
          masterCredentials: own,
          params: { RoleArn: roleArn, RoleSessionName: 'sdp-backup', DurationSeconds: sessionSeconds },
          clientConfig: { region, ...(stsEndpoint !== undefined && { endpoint: stsEndpoint }) },
        });
  const client = new S3Client({
    ...{ region, credentials, maxAttempts: 3, forcePathStyle: endpoint !== undefined },
    ...(endpoint !== undefined && { endpoint }),
    // The SHA-256 that is given with each object; another one on top would cost time and tell nothing more.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, requestTimeout: requestMs, throwOnRequestTimeout: true },
  });
  return { client, commands };
}
