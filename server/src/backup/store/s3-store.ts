import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { UnavailableError } from '@sdp/shared/errors';
import type { BackupStore, StoredObject } from './backup-store.ts';
import { openS3Client } from './s3-client.ts';
import type { S3BackupPlace } from './s3-place.ts';

/** A backup in a bucket. */
export async function s3Store(place: S3BackupPlace): Promise<BackupStore> {
  let { client, commands } = await openS3Client(place);
  const { HeadObjectCommand, GetObjectCommand, PutObjectCommand, ListObjectsV2Command } = commands;
  const { bucket: Bucket, prefix } = place;
  const before = prefix === '' ? '' : `${prefix}/`;
  /** A session may end before its time, or by another clock: then it is begun anew. */
  const sent = async <T>(send: (client: S3Client) => Promise<T>): Promise<T> => {
    const used = client;
    try {
      return await send(used);
    } catch (error) {
      if (place.roleArn === undefined || !endedSession.has(nameOf(error))) throw error;
      if (client === used) ({ client } = await openS3Client(place));
      return await send(client);
    }
  };
  const read = async (name: string): Promise<Buffer | undefined> => {
    try {
      const { Body } = await sent((used) => used.send(new GetObjectCommand({ Bucket, Key: before + name })));
      return Body === undefined ? Buffer.alloc(0) : Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (nameOf(error) === 'NoSuchKey' || nameOf(error) === 'NotFound') return undefined;
      throw error;
    }
  };
  return {
    place: `s3://${Bucket}/${prefix}`,
    put: (name, bytes, sha256, signal) =>
      guarded(async () => {
        const Key = before + name;
        const ChecksumSHA256 = sha256.toString('base64');
        const abort = signal === undefined ? {} : { abortSignal: signal };
        const put = { Bucket, Key, Body: bytes, ContentLength: bytes.length, ChecksumSHA256 };
        await sent((used) => used.send(new PutObjectCommand(put), abort));
        // Its answer says what was received; this one says what is there.
        const look = new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' });
        const head = await sent((used) => used.send(look, abort));
        if (head.ContentLength !== bytes.length) throw new Mismatch();
        if (head.ChecksumSHA256 !== undefined) {
          if (head.ChecksumSHA256 !== ChecksumSHA256) throw new Mismatch();
          return;
        }
        if (head.ETag === `"${createHash('md5').update(bytes).digest('hex')}"`) return;
        const stored = await read(name);
        if (stored === undefined || !stored.equals(bytes)) throw new Mismatch();
      }),
    get: (name) => guarded(() => read(name)),
    async *list(beginning) {
      for (let ContinuationToken: string | undefined, isFirst = true; isFirst || ContinuationToken !== undefined; ) {
        isFirst = false;
        const page = await guarded(() =>
          sent((used) =>
            used.send(new ListObjectsV2Command({ Bucket, Prefix: before + beginning, ContinuationToken })),
          ),
        );
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          yield { name: Key.slice(before.length), bytes: Size } satisfies StoredObject;
        }
        ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      }
    },
    check: () =>
      guarded(async () => {
        await sent((used) => used.send(new ListObjectsV2Command({ Bucket, Prefix: before, MaxKeys: 1 })));
      }),
    close: async () => client.destroy(),
  };
}

/** What the services say of credentials that were valid for a time and are no longer. */
const endedSession = new Set(['ExpiredToken', 'ExpiredTokenException', 'InvalidToken', 'TokenRefreshRequired']);

class Mismatch extends Error {
  override readonly name = 'ChecksumMismatch';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}

/** Only the name of what went wrong: messages of the client may quote requests. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const what = /^[A-Za-z0-9_.-]{1,60}$/.test(nameOf(error)) ? nameOf(error) : 'unknown';
    const detail = what === 'Error' && typeof code === 'string' ? code : what;
    throw new UnavailableError('backup-unavailable', { message: `The bucket of the backup cannot be used: ${detail}` });
  }
}
