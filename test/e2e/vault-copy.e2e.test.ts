import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenizeCustomers } from '../support/customers.ts';
import { expectError } from '../support/errors-printed.ts';
import { Product, type ProductServer } from '../support/product.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';

describe('a copy of the vault on the server', () => {
  const product = Product.create();
  let server: ProductServer;
  let environment: Record<string, string>;
  const vault = (command: string, ...args: string[]) => ['vault', command, ...args, '--server-url', server.url];
  beforeAll(async () => {
    await tokenizeCustomers(product, 'customers', 200);
    server = await product.startServer();
    const created = await product.sdpServer([
      ...['api-keys', 'create', '--client-id', product.clientId, '--scope', 'vault:copy', '--json'],
    ]);
    const { api_key } = JSON.parse(created.stdout) as { api_key: string };
    environment = { SDP_API_KEY_FILE: product.writeSecret('copy.key', `${api_key}\n`) };
  }, 60_000);
  afterAll(() => product.remove());

  it('is refused to a key that was not made for it', async () => {
    expectError(await product.sdp(vault('push')), 'forbidden');
  });

  it('restores the vault on a machine that has nothing but the key, and shows the server nothing', async () => {
    const proxy = await startRecordingProxy(server.port);
    const args = ['--server-url', `http://127.0.0.1:${proxy.port}`];
    const pushed = await product.sdpJson(['vault', 'push', ...args], { environment });
    expect(pushed['stored']).toBe(pushed['entries']);
    expect(Number(pushed['stored'])).toBeGreaterThan(200);
    await proxy.close();
    const raw = product.read('customers.csv').toString();
    const sent = Buffer.concat(proxy.recorded().map(({ toServer }) => toServer)).toString('latin1');
    const [, ...rows] = raw.trim().split('\n');
    const names = rows.map((row) => row.split(',')[1] ?? '').filter((name) => name.length > 8);
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name) => sent.includes(name))).toEqual([]);
    expect(sent).not.toContain('full_name');

    const elsewhere = { ...environment, SDP_VAULT: product.path('second.db') };
    const pulled = await product.sdpJson(vault('pull'), { environment: elsewhere });
    expect(pulled).toMatchObject({ added: pushed['entries'], known: 0, sequence: pushed['sequence'] });
    await product.sdpOk(['vault', 'verify'], { environment: elsewhere });
    const reveal = (output: string, env: Record<string, string>) =>
      product.sdpOk(
        [
          ...['detokenize', '--input', 'customers.tok.csv', '--output', output, '--reason', 'test'],
          ...['--column', 'full_name', '--column', 'email'],
        ],
        { environment: env },
      );
    await reveal('first.csv', environment);
    await reveal('second.csv', elsewhere);
    expect(product.read('second.csv').equals(product.read('first.csv'))).toBe(true);
    expect(product.read('second.csv').toString()).toContain(names[0]);
  }, 60_000);

  it('is not brought to a server that holds the client’s key', async () => {
    const shared = await product.startServer({
      environment: { SDP_CRYPTO_KEY_FILE: product.path('client.key'), SDP_DATA_DIR: product.path('shared-key') },
    });
    expectError(await product.sdp(['vault', 'push', '--server-url', shared.url]), 'key-shared');
    await shared.stop();
  }, 60_000);
});
