import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '../../../test/support/s3-server.ts';
import type { BackupPlace } from '../../src/backup/index.ts';

export type BucketPlace = Extract<BackupPlace, { readonly s3: unknown }>['s3'];

/** A bucket of its own, and how to get at it. */
export async function makeBucket(server: S3Server, bucket = 'backups'): Promise<BucketPlace> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { bucket, prefix: '', region: 'us-east-1', endpoint, credentials };
}
