import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const secretAccessKey = 'a-secret-key-of-the-fake';

/**
 * As much of S3 as an anchor uses, and as strict: Signature Version 4 is computed anew from the request (AWS General Reference,
 * "Create a signed AWS API request"), objects are never written over, lists are sorted.
 */
export async function startFakeS3() {
  const objects = new Map<string, string>();
  let isDown = false;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const url = new URL(request.url ?? '', 'http://s3');
    if (isDown) return response.writeHead(503).end();
    if (!isSigned(request, url, body)) return response.writeHead(403).end();
    const key = decodeURIComponent(url.pathname).replace(/^\/bucket\//, '');
    if (request.method === 'PUT') {
      if (request.headers['if-none-match'] === '*' && objects.has(key)) return response.writeHead(412).end();
      objects.set(key, body);
      return response.writeHead(200).end();
    }
    if (url.searchParams.get('list-type') === '2') {
      const keys = [...objects.keys()].filter((each) => each.startsWith(url.searchParams.get('prefix') ?? '')).sort();
      const listed = keys.slice(0, Number(url.searchParams.get('max-keys')));
      const contents = listed.map((each) => `<Contents><Key>${each}</Key></Contents>`).join('');
      return response.writeHead(200).end(`<ListBucketResult>${contents}</ListBucketResult>`);
    }
    const object = objects.get(key);
    return response.writeHead(object === undefined ? 404 : 200).end(object);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    objects,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setDown: (down: boolean) => {
      isDown = down;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function isSigned(request: IncomingMessage, url: URL, body: string): boolean {
  const match =
    /^AWS4-HMAC-SHA256 Credential=\w+\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    );
  if (!match) return false;
  const [, day = '', region = '', signedHeaders = '', signature] = match;
  const given = String(request.headers['x-amz-content-sha256']);
  if (given !== 'UNSIGNED-PAYLOAD' && given !== createHash('sha256').update(body).digest('hex')) return false;
  const encode = (part: string) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonical = [
    request.method,
    url.pathname,
    [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    signedHeaders,
    given,
  ].join('\n');
  const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), 's3'), 'aws4_request');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const scope = `${day}/${region}/s3/aws4_request`;
  const expected = hmac(key, ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, digest].join('\n')).toString(
    'hex',
  );
  return expected === signature;
}
