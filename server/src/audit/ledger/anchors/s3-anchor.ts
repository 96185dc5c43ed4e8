import { UnavailableError } from '@sdp/shared/errors';
import { AwsV4Signer } from 'aws4fetch';
import { type SignedHead, signedHeadSchema } from '../signed-head.ts';
import type { AnchoredHeads, HeadAnchor } from './head-anchor.ts';

/** A bucket of Amazon S3 or of what speaks its protocol. */
export interface S3Place {
  readonly bucket: string;
  /** Before the name of each object; without a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  /** Where it isn't Amazon's; the bucket is then the first part of the path. */
  readonly endpoint?: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const timeoutMs = 10_000;
/** Heads that are read: a later one covers all that an earlier one does. */
const maxRead = 100;
const largestSize = 10 ** 15;

/**
 * One object for each head, never written over (`If-None-Match`). Names count backwards, so that the newest are listed first. Give
 * the server a key that may put, list and get but not delete, and the bucket object lock: then not even the server can take a head
 * back.
 */
export function s3Anchor(place: S3Place): HeadAnchor {
  const { bucket, prefix, endpoint, region } = place;
  const base = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
  const objectsIn = prefix === '' ? '' : `${prefix}/`;

  const request = async (method: 'GET' | 'PUT', url: string, body?: string): Promise<Response> => {
    const signer = new AwsV4Signer({
      ...{ method, url, service: 's3', region, accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
      ...(place.sessionToken !== undefined && { sessionToken: place.sessionToken }),
      ...(body !== undefined && { body, headers: { 'if-none-match': '*', 'content-type': 'application/json' } }),
      allHeaders: true,
    });
    const signed = await signer.sign();
    try {
      return await fetch(signed.url, {
        method,
        headers: signed.headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { body }),
      });
    } catch {
      throw unreachable();
    }
  };

  const newest = async (count: number): Promise<string[]> => {
    const search = new URLSearchParams({ 'list-type': '2', prefix: objectsIn, 'max-keys': String(count) });
    const response = await request('GET', `${base}/?${search}`);
    if (response.status !== 200) throw unreachable(response.status);
    // Names are our own: digits, letters and what an operator has put before them.
    return [...(await response.text()).matchAll(/<Key>([^<]*)<\/Key>/g)]
      .map(([, key = '']) => key)
      .filter((key) => /\d{16}-[0-9a-f]{16}\.json$/.test(key));
  };

  const read = async (key: string): Promise<SignedHead | undefined> => {
    const response = await request('GET', `${base}/${key}`);
    if (response.status !== 200) throw unreachable(response.status);
    try {
      return signedHeadSchema.safeParse(await response.json()).data;
    } catch {
      return undefined;
    }
  };

  return {
    place: `s3://${bucket}/${prefix}`,
    async append(head) {
      const name = `${String(largestSize - head.size).padStart(16, '0')}-${head.root.slice(0, 16)}.json`;
      const response = await request('PUT', `${base}/${objectsIn}${name}`, JSON.stringify(head));
      await response.body?.cancel();
      // 412: this head is there already, after an answer that was lost.
      if (!response.ok && response.status !== 412) throw unreachable(response.status);
    },
    async last() {
      const [key] = await newest(1);
      return key === undefined ? undefined : read(key);
    },
    async readAll(): Promise<AnchoredHeads> {
      const heads: (SignedHead | undefined)[] = [];
      for (const key of (await newest(maxRead)).reverse()) heads.push(await read(key));
      const readable = heads.filter((head) => head !== undefined);
      return { heads: readable, unreadable: heads.length - readable.length };
    },
  };
}

function unreachable(status?: number): UnavailableError {
  return new UnavailableError('anchor-unavailable', {
    message: `The bucket of the audit ledger's heads ${status === undefined ? 'cannot be reached' : `answered ${status}`}`,
  });
}
