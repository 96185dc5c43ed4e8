import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEvent } from '@sdp/shared/contracts';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { LeakSearch } from '../../../test/support/leak-search.ts';
import { streamCommand } from '../../src/commands/stream.ts';
import { type EventBench, eventBench, until } from '../support/event-bench.ts';
import { EventServer, type EventServerOptions } from '../support/event-server.ts';
import { runCommand } from '../support/run-command.ts';

const line = (index: number, extra: object = {}) =>
  JSON.stringify({ type: 'log', level: 'INFO', message: `line ${index}`, source: 'shop', ...extra });
const lines = (count: number, from = 0) => Array.from({ length: count }, (_, index) => line(from + index)).join('\n');
const messages = (server: EventServer) => server.events.map((event) => (event as LogEvent).message);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`);

/** Short pauses, so that outages of tests are short. */
const tuning = { delivery: { firstPauseMs: 5, longestPauseMs: 20 }, partingMs: 200 };

describe('events on their way to the server', () => {
  let bench: EventBench;
  afterEach(() => bench.close());
  const start = async (options: EventServerOptions = {}) => {
    bench = await eventBench(options);
  };
  const stream = (args: readonly string[], stdin: string, signal?: AbortSignal) =>
    runCommand((context) => streamCommand(context, tuning), args, {
      cwd: bench.folder,
      env: bench.env,
      stdin,
      ...(signal && { signal }),
    });

  it('come in order, once, whatever goes wrong with requests', async () => {
    let asked = 0;
    await start({
      fault: () => {
        asked += 1;
        if (asked % 6 === 1) return { kind: 'cut' };
        if (asked % 6 === 2) return { kind: 'lost-answer' };
        if (asked % 6 === 3) return { kind: 'status', error: new UnavailableError('server-busy') };
        if (asked % 6 === 4) return { kind: 'partial', lines: 7 };
        return undefined;
      },
    });
    const { json } = await stream(['--json'], lines(3_000));
    expect(json).toMatchObject({ taken: 3_000, refused: 0, delivered: 3_000, waiting: 0 });
    expect(messages(bench.server)).toEqual(numbered(3_000));
    expect(bench.server.arrived.length).toBeGreaterThan(3_000);
  });

  it('wait as long as the server asks for', async () => {
    const times: number[] = [];
    await start({
      fault: (request) => {
        times.push(Date.now());
        return request === 1 ? { kind: 'status', error: new RejectedError('rate-limited'), retryAfter: 1 } : undefined;
      },
    });
    const { json, stderr } = await stream(['--json'], lines(3));
    expect(json).toMatchObject({ delivered: 3 });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(stderr).toContain('events wait in the spool');
    expect(stderr).toContain('the server takes events again');
  });

  it('put aside what the server refuses, and go on', async () => {
    await start({ refuses: (event) => /^line (?:3|500)$/.test((event as LogEvent).message) });
    const { error, stdout } = await stream([], lines(600));
    expect(error?.code).toBe('events-refused');
    expect(stdout).toMatch(/refused by the server +2$/m);
    expect(messages(bench.server)).toEqual(numbered(600).filter((text) => text !== 'line 3' && text !== 'line 500'));
    const rejects = await bench.run(['spool', 'rejects', '--json', '--output', 'rejected.ndjson']);
    expect(rejects.json()).toMatchObject({ refused: 2 });
    expect(rejects.stdout.toString()).not.toContain('line 3');
    const written = readFileSync(join(bench.folder, 'rejected.ndjson'), 'utf8');
    expect(written.split('\n').filter((text) => text.includes('line 3') || text.includes('line 500'))).toHaveLength(2);
  });

  it('find out by themselves which of them a server refuses without saying', async () => {
    await start({
      fault: () => {
        const error = new InputError('request-invalid');
        return isLonely() ? undefined : { kind: 'status', error };
      },
      refuses: () => false,
    });
    let calls = 0;
    function isLonely(): boolean {
      calls += 1;
      return calls > 3;
    }
    const { json } = await stream(['--json'], lines(40));
    expect(json).toMatchObject({ delivered: 40, refused_by_server: 0 });
    expect(messages(bench.server)).toEqual(numbered(40));
  });

  it('stay in the spool when the key is not accepted, and are sent once it is', async () => {
    await start();
    const env = { ...bench.env, SDP_API_KEY: 'sdp_wrong_0123456789abcdef' };
    writeFileSync(join(bench.folder, 'in.ndjson'), lines(50));
    const refused = await runCommand((context) => streamCommand(context, tuning), ['--input', 'in.ndjson'], {
      cwd: bench.folder,
      env,
    });
    expect(refused.error?.code).toBe('unauthorized');
    expect(refused.error?.exitStatus).toBe(8);
    const rest = await stream(['--input', 'in.ndjson', '--json'], '');
    expect(rest.json).toMatchObject({ waiting: 0 });
    expect(messages(bench.server)).toEqual(numbered(50));
  });

  it('refuse a server that holds one of their keys', async () => {
    await start();
    const { keyFingerprint, parseMasterKey } = await import('@sdp/shared/crypto');
    const own = keyFingerprint(parseMasterKey(bench.env['SDP_CRYPTO_KEY'] as string));
    const server = await EventServer.start({ info: { key_fingerprints: [own] } });
    const { error } = await stream(['--server-url', server.url], lines(3));
    expect(error?.code).toBe('key-shared');
    expect(server.arrived).toEqual([]);
    await server.close();
  });

  it('outlast an outage that is longer than the spool', async () => {
    let away = true;
    await start({ fault: () => (away ? { kind: 'cut' } : undefined) });
    const filler = 'x'.repeat(2_000);
    const text = Array.from({ length: 4_000 }, (_, index) =>
      line(index, { attributes: { a: filler.slice(0, 1_000), b: filler.slice(0, 1_000) } }),
    ).join('\n');
    const running = stream(['--json', '--spool-max', '1'], text);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const full = bench.spoolFiles().reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(full).toBeLessThan(1.3 * 1024 * 1024);
    expect(full).toBeGreaterThan(0.4 * 1024 * 1024);
    away = false;
    const { json, stderr } = await running;
    expect(json).toMatchObject({ taken: 4_000, delivered: 4_000, waiting: 0 });
    expect(stderr).toContain('the spool is full');
    expect(stderr).toContain('the spool has room again');
    expect(messages(bench.server)).toEqual(numbered(4_000));
  });

  it('are taken once of a file that is streamed again, with what was added to it', async () => {
    await start();
    const file = join(bench.folder, 'in.ndjson');
    writeFileSync(file, `${lines(2_000)}\n`);
    await stream(['--input', 'in.ndjson'], '');
    writeFileSync(file, `${lines(2_500)}\n`);
    const more = await stream(['--input', 'in.ndjson', '--json'], '');
    expect(more.json).toMatchObject({ taken: 500 });
    expect(messages(bench.server)).toEqual(numbered(2_500));
    const [first = '', ...rest] = lines(2_500).split('\n');
    writeFileSync(file, [first, ...rest.slice(0, 1_000), line(9_999), ...rest.slice(1_000)].join('\n'));
    const other = await stream(['--input', 'in.ndjson'], '');
    expect(other.error?.code).toBe('checkpoint-unfit');
    writeFileSync(file, lines(100));
    expect((await stream(['--input', 'in.ndjson'], '')).error?.code).toBe('checkpoint-unfit');
    const again = await stream(['--input', 'in.ndjson', '--restart', '--json'], '');
    expect(again.json).toMatchObject({ taken: 100 });
  });

  it('are made of the sample of the documentation, with nothing personal left', async () => {
    await start();
    const root = join(import.meta.dirname, '../../..');
    const files = [
      '--input',
      join(root, 'data-samples/shop_log.csv'),
      '--config',
      join(root, 'configs/shop_events.yml'),
    ];
    const { json } = await stream([...files, '--json'], '');
    expect(json).toMatchObject({ taken: 5, refused: 0, delivered: 5 });
    const [, , failed] = bench.server.events as LogEvent[];
    expect(failed).toMatchObject({ level: 'ERROR', source: 'payments', host: 'pay-1', tags: { region: 'eu' } });
    expect(failed?.message).toMatch(/^payment failed for tok_[0-9a-f]{32}, card tok_[0-9a-f]{32}$/);
    expect(failed?.attributes).toMatchObject({ client_ip: expect.stringMatching(/^hsh_/), took_ms: '310' });
    expect(JSON.stringify(bench.server.events)).not.toMatch(/C-100|b7c2|192\.0/);
  });

  it('keep what an interruption leaves, and go on in the file where they were', async () => {
    let away = true;
    await start({ fault: () => (away ? { kind: 'cut' } : undefined) });
    writeFileSync(join(bench.folder, 'in.ndjson'), lines(200_000));
    const stop = new AbortController();
    const { InterruptedError } = await import('@sdp/shared/errors');
    const running = stream(['--input', 'in.ndjson'], '', stop.signal);
    await until(() =>
      bench.spoolFiles().some(({ name, bytes }) => name.endsWith('.segment') && bytes.length > 100_000),
    );
    stop.abort(new InterruptedError('interrupted'));
    const { error, stdout } = await running;
    expect(error?.code).toBe('interrupted');
    expect(error?.message).toMatch(/wait in the spool/);
    expect(stdout).toMatch(/waiting in the spool +[1-9]/);
    away = false;
    const { json, stderr } = await stream(['--input', 'in.ndjson', '--json'], '');
    expect(stderr).toMatch(/going on behind [\d,]+ rows/);
    expect(json).toMatchObject({ waiting: 0, refused: 0, complete: true });
    expect(messages(bench.server)).toEqual(numbered(200_000));
    expect(bench.server.arrived).toHaveLength(200_000);
  });

  it('hold no personal data on the wire, on the disk, or in what is said', async () => {
    let away = true;
    await start({ fault: () => (away ? { kind: 'cut' } : undefined) });
    const planted = [
      'ines.moser@example.org',
      '4111 1111 1111 1111',
      '+41 44 668 18 00',
      'kurt.maier@example.net',
      'DE89370400440532013000',
    ];
    const [mail, card, phone, other, iban] = planted;
    const events = [
      line(0, { message: `${mail} paid with ${card}`, user_id: other }),
      line(1, {
        message: 'x',
        attributes: { [String(mail)]: 1, phone, iban, note: `from ${other}` },
        tags: { owner: mail },
        host: other,
      }),
      line(2, { message: `call ${phone}`, event_id: mail }),
      `{"type":"log","level":"nonsense","message":"${mail}"}`,
      `not json ${card} ${iban}`,
      `{"type":"log","level":"INFO","message":"ok","extra":{"mail":"${mail}"}}`,
    ].join('\n');
    const interrupted = await stream(['--timeout', '0'], events);
    const places = [
      ...bench.spoolFiles(),
      { name: 'said', bytes: Buffer.from(interrupted.stdout + interrupted.stderr) },
    ];
    expect(places.some(({ name, bytes }) => name.endsWith('1.segment') && bytes.length > 100)).toBe(true);
    away = false;
    const sent = await bench.run(['spool', 'flush']);
    const listed = await bench.run(['spool', 'rejects']);
    expect(bench.server.events).toHaveLength(3);
    expect(listed.stdout.toString()).toContain('3 refused events');
    const all = [
      ...places,
      ...bench.server.bodies.map((bytes) => ({ name: 'wire', bytes })),
      ...[sent, listed].map(({ stdout, stderr }) => ({ name: 'said', bytes: Buffer.from(stdout.toString() + stderr) })),
    ];
    const search = new LeakSearch(planted);
    for (const { name, bytes } of all) expect(await search.search(name, bytes)).toEqual([]);
    // The search finds what is there.
    expect(await search.search('control', Buffer.from(events))).not.toEqual([]);
  });
});
