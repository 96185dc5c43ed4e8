import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customersCsv, mergeArgs, tokenizeArgs, tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { expectError } from '../support/errors-printed.ts';
import { filesIn } from '../support/folder-snapshot.ts';
import { Product } from '../support/product.ts';
import type { RunOptions } from '../support/run-program.ts';

const someBatch = '0b7c2a54-6f3e-4f0a-9b1d-2f8a4c6e7d10';

/** Takes requests and never answers: whoever asks it is in the middle of something for as long as it takes. */
async function startSilentServer(): Promise<{ url: string; asked(): Promise<void>; close(): void }> {
  const sockets = new Set<Socket>();
  let wakeUp: () => void = () => undefined;
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => wakeUp());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () =>
      new Promise((done) => {
        wakeUp = done;
      }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of a command', (signal) => {
  const product = Product.create();
  let silent: Awaited<ReturnType<typeof startSilentServer>>;

  beforeAll(async () => {
    silent = await startSilentServer();
    await tokenizeCustomers(product, 'customers', 30);
  });
  afterAll(async () => {
    silent.close();
    await product.remove();
  });

  /** Interrupts once `reached` resolves; nothing but the vault and its audit log may have changed. */
  const interrupted = async (args: readonly string[], reached: () => Promise<unknown>, options: RunOptions = {}) => {
    const isLeft = (name: string) => !/^token_vault\.db|^\.local/.test(name);
    const before = filesIn(product.folder).filter(isLeft);
    const arrived = reached();
    const run = await product.sdp(args, {
      ...options,
      onStart: (child) => void arrived.then(() => child.kill(signal)),
    });
    expectError(run, 'interrupted');
    expect(filesIn(product.folder).filter(isLeft)).toEqual(before);
  };

  /** A command that writes a file has a temporary one beside it. */
  const writing = async () => {
    while (!filesIn(product.folder).some((name) => name.endsWith('.sdp-tmp'))) await new Promise(setImmediate);
  };
  const half = Buffer.from(customersCsv(30, 'half').csv.slice(0, 900));

  it('tokenize-csv', () => interrupted(tokenizeArgs('-', 'new.csv'), writing, { stdin: half, keepStdinOpen: true }));

  it('tokenize-config', () => {
    product.write('config.yml', 'source_table: t\ndefault: keep\ncolumns:\n  email: token\n');
    const args = ['tokenize-config', '--config', 'config.yml', '--input', '-', '--output', 'new.csv'];
    return interrupted(args, writing, { stdin: half, keepStdinOpen: true });
  });

  it('detokenize', () => {
    const stdin = product.read('customers.tok.csv').subarray(0, 900);
    const args = ['detokenize', '--input', '-', '--output', 'new.csv'];
    return interrupted(args, writing, { stdin, keepStdinOpen: true });
  });

  it('upload-batch', () => interrupted(uploadArgs(product, silent.url, 'customers.tok.csv'), silent.asked));

  it('upload-batch from stdin', () => {
    const args = [...uploadArgs(product, silent.url, '-'), '--manifest', 'customers.tok.csv.manifest.json'];
    const spooling = async () => {
      while (filesIn(product.path('tmp')).length === 0) await new Promise(setImmediate);
    };
    return interrupted(args, spooling, { stdin: half, keepStdinOpen: true });
  });

  it('batch-status', () =>
    interrupted(['batch-status', '--batch-id', someBatch, '--server-url', silent.url], silent.asked));

  it('integrate-results', () =>
    interrupted(mergeArgs(silent.url, someBatch, 'customers.csv', 'new.csv'), silent.asked));

  it('leaves a vault that opens and is whole', async () => {
    expect(await product.sdpJson(['vault', 'verify'])).toMatchObject({ ok: true });
  });
});
