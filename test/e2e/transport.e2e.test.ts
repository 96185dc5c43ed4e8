import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { expectError } from '../support/errors-printed.ts';
import { parseHttpMessages } from '../support/http-messages.ts';
import { Product, type ProductServer } from '../support/product.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('the way to the server', () => {
  const product = Product.create();
  beforeAll(() => tokenizeCustomers(product, 'customers', 20));
  afterAll(() => product.remove());

  it('is never plain HTTP to another machine', async () => {
    for (const url of ['http://192.0.2.1:8081', 'http://sdp.example.com', 'http://127.0.0.1.example.com:8081']) {
      expectError(await product.sdp(uploadArgs(product, url, 'customers.tok.csv')), 'transport-insecure');
    }
  });

  it('is not taken to a server that holds the client’s key: nothing of the file is sent', async () => {
    const environment = { SDP_CRYPTO_KEY_FILE: product.path('client.key'), SDP_DATA_DIR: product.path('shared-key') };
    const server = await product.startServer({ environment });
    const proxy = await startRecordingProxy(server.port);
    const run = await product.sdp(uploadArgs(product, `http://127.0.0.1:${proxy.port}`, 'customers.tok.csv'));
    expectError(run, 'key-shared');
    const requests = proxy.recorded().flatMap(({ toServer }) => parseHttpMessages(toServer));
    expect(requests.map(({ startLine }) => startLine)).toEqual(['GET /api/v1/server-info HTTP/1.1']);
    expect(requests[0]?.body).toHaveLength(0);
    await proxy.close();
    await server.stop();
  });

  it('gives away nothing of the client’s key', async () => {
    const server = await product.startServer();
    const proxy = await startRecordingProxy(server.port);
    await product.sdpOk(uploadArgs(product, `http://127.0.0.1:${proxy.port}`, 'customers.tok.csv'));
    const { keyFingerprint, parseMasterKey } = await import('../../shared/src/crypto/index.ts');
    const fingerprint = keyFingerprint(parseMasterKey(product.read('client.key').toString().trim()));
    const sent = Buffer.concat(proxy.recorded().map(({ toServer }) => toServer)).toString('latin1');
    expect(sent).toContain('POST /api/v1/process');
    expect(sent).not.toContain(fingerprint);
    await proxy.close();
    await server.stop();
  });
});

describe.skipIf(!hasOpenssl)(
  `HTTPS with a certificate of one’s own${hasOpenssl ? '' : ' (no openssl: skipped)'}`,
  () => {
    const product = Product.create();
    let server: ProductServer;

    beforeAll(async () => {
      await tokenizeCustomers(product, 'customers', 20);
      const subject = ['-subj', '/CN=sdp-test', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const files = ['-keyout', product.path('tls.key'), '-out', product.path('tls.pem')];
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
      const made = spawnSync('openssl', ['req', '-x509', ...curve, ...subject, ...files]);
      expect(made.status, made.stderr.toString()).toBe(0);
      const environment = {
        SDP_TLS_CERT_FILE: product.path('tls.pem'),
        SDP_TLS_KEY_FILE: product.path('tls.key'),
      };
      server = await product.startServer({ environment });
    });
    afterAll(() => product.remove());

    it('works where --ca names its authority', async () => {
      const upload = [...uploadArgs(product, server.url, 'customers.tok.csv'), '--ca', 'tls.pem', '--wait'];
      expect(await product.sdpJson(upload)).toMatchObject({ status: 'PROCESSED', accepted_records: 20 });
    });

    it('is refused without, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
      for (const environment of [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }]) {
        const run = await product.sdp(uploadArgs(product, server.url, 'customers.tok.csv'), { environment });
        expect(run.status).toBe(6);
        expect(run.stderr).toMatch(/^sdp: error: .*certificate was not accepted/m);
        expect(run.stderr).toMatch(/^sdp: hint: .*--ca FILE/m);
      }
    });
  },
);
