import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../../client/test/support/self-signed.ts';
import { type Alerting, drawShortDelays, openAlerting, outcomes, settled, until } from './alerting.ts';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
  readonly user: unknown;
}

let alerting: Alerting;
let folder: string;
let caFile: string;
let certificate: { readonly key: Buffer | string; readonly cert: Buffer | string };
let server: SMTPServer | undefined;
let port = 0;
const mails: Mail[] = [];
/** Status with which the server answers the next messages. */
let refusals: number[] = [];
/** Status with which it answers a mailbox, until it is taken away. */
const mailboxRefusals = new Map<string, number>();
/** It takes so many messages more and cuts the connection before it says so. */
let cuts = 0;
let isPasswordRight = true;

beforeAll(async () => {
  drawShortDelays();
  alerting = await openAlerting();
  folder = mkdtempSync(join(tmpdir(), 'sdp-smtp-'));
  certificate = selfSigned(folder, 'DNS:localhost');
  caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, certificate.cert);
});
afterAll(async () => {
  await alerting.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await alerting.stop();
  await alerting.clear();
  await down();
  port = 0;
  mails.length = 0;
  refusals = [];
  mailboxRefusals.clear();
  cuts = 0;
  isPasswordRight = true;
  alerting.log.length = 0;
});

/** A real SMTP server, with STARTTLS unless `plain`. */
async function up({ plain = false } = {}): Promise<void> {
  const made = new SMTPServer({
    ...certificate,
    authOptional: true,
    disabledCommands: plain ? ['STARTTLS'] : [],
    onAuth: ({ username, password }, _session, callback) =>
      password === 'smtp-password' && isPasswordRight
        ? callback(null, { user: username })
        : callback(new Error(`no: ${password}`)),
    onRcptTo: ({ address }, _session, callback) => {
      const responseCode = mailboxRefusals.get(address);
      callback(responseCode === undefined ? null : Object.assign(new Error(`later: ${address}`), { responseCode }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refusal = refusals.shift();
        if (refusal !== undefined) {
          callback(Object.assign(new Error('mailbox of anna@example.com'), { responseCode: refusal }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
          ...{ secure: session.secure, user: session.user },
        });
        if (cuts-- > 0) cutAll();
        else callback();
      });
    },
  });
  const cutAll = () => {
    for (const connection of made.connections) connection._socket.destroy();
  };
  made.on('error', () => undefined);
  await new Promise<void>((done) => made.listen(port, '127.0.0.1', () => done()));
  port = (made.server.address() as AddressInfo).port;
  server = made;
}

async function down(): Promise<void> {
  const last = server;
  server = undefined;
  await new Promise<void>((done) => (last ? last.close(() => done()) : done()));
}

const file = (extra = `tls: starttls, ca_file: ${caFile}`) => `
channels:
  mail:
    { type: email, host: localhost, port: ${port}, from: "SDP <alerts@sdp.example>", to: [ops@sdp.example, dev@sdp.example],
      timeout: 2s, ${extra} }
route: { channels: [mail], group_wait: 0s, group_interval: 0s }
safe_tags: [host]
link: "https://sdp.example/anomalies/{id}"`;
const signedIn = () => `ca_file: ${caFile}, user: sdp, password_env: SMTP_PASSWORD`;
const header = (mail: Mail | undefined, name: string) =>
  new RegExp(`^${name}: (.*)$`, 'mi').exec(mail?.text ?? '')?.[1]?.trim();

describe('an e-mail', () => {
  it('goes out encrypted, signed in, to all, as text and as HTML', async () => {
    await up();
    alerting.start(file(signedIn()), { SMTP_PASSWORD: 'smtp-password' });
    const id = await alerting.raise({ title: 'Latency is high', level: 'ERROR' });
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['mail:DELIVERED'] });
    const [mail] = mails;
    expect(mail).toMatchObject({ secure: true, user: 'sdp', from: 'alerts@sdp.example' });
    expect(mail?.to).toEqual(['ops@sdp.example', 'dev@sdp.example']);
    expect(header(mail, 'Subject')).toBe('[SDP] ERROR: Latency is high');
    expect(header(mail, 'Message-ID')).toBe(`<${header(mail, 'X-SDP-Message-Id')}@sdp.example>`);
    expect(header(mail, 'Auto-Submitted')).toBe('auto-generated');
    expect(mail?.text).toMatch(/Content-Type: text\/plain/);
    expect(mail?.text).toMatch(/Content-Type: text\/html/);
    expect(mail?.text.replaceAll('=\r\n', '')).toContain(`https://sdp.example/anomalies/${id}`);
    expect(alerting.log.join('')).not.toMatch(/smtp-password/);
  });

  it('is not sent where the server offers no encryption', async () => {
    await up({ plain: true });
    alerting.start(file());
    await alerting.raise();
    await until(() => alerting.log.some((line) => line.includes('"reason":"tls"')));
    expect(mails).toHaveLength(0);
  });

  it('goes to a server without encryption only where the file says so', async () => {
    await up({ plain: true });
    alerting.start(file('tls: none'));
    await alerting.raise();
    await settled(alerting.pool);
    expect(mails.map(({ secure }) => secure)).toEqual([false]);
  });

  it('is not given to a server whose certificate nobody vouches for', async () => {
    await up();
    alerting.start(file('tls: starttls'));
    await alerting.raise();
    await until(() => alerting.log.some((line) => /"reason":"(tls|connection-lost)"/.test(line)));
    expect(mails).toHaveLength(0);
  });

  it('is sent again after 4xx and while the server is away, with the same Message-ID', async () => {
    await up();
    refusals = [451, 421];
    alerting.start(file());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['mail:DELIVERED'] });
    await down();
    const later = await alerting.raise({ title: 'while it is away' });
    await until(() => alerting.log.some((line) => line.includes('connection-lost')));
    await up();
    await settled(alerting.pool, 30_000);
    expect((await outcomes(alerting.pool))[later]).toEqual(['mail:DELIVERED']);
    expect(new Set(mails.map((mail) => header(mail, 'Message-ID'))).size).toBe(2);
  });

  it('whose answer is lost comes twice at most, as the same one', async () => {
    await up();
    cuts = 1;
    alerting.start(file());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['mail:DELIVERED'] });
    expect(mails).toHaveLength(2);
    expect(new Set(mails.map((mail) => header(mail, 'Message-ID'))).size).toBe(1);
  });

  it('reaches a mailbox that takes it later, and the others once', async () => {
    await up();
    mailboxRefusals.set('dev@sdp.example', 450);
    alerting.start(file());
    const id = await alerting.raise();
    await until(() => mails.length === 1);
    expect(mails[0]?.to).toEqual(['ops@sdp.example']);
    mailboxRefusals.clear();
    await settled(alerting.pool);
    expect(mails.map(({ to }) => to)).toEqual([['ops@sdp.example'], ['dev@sdp.example']]);
    expect(mails.map((mail) => header(mail, 'To'))).toEqual(Array(2).fill('ops@sdp.example, dev@sdp.example'));
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['mail:DELIVERED'] });
    expect(alerting.log.join('')).not.toMatch(/dev@/);
  });

  it('counts as sent when the others have it and one mailbox is refused for good, at once or later', async () => {
    await up();
    mailboxRefusals.set('dev@sdp.example', 550);
    alerting.start(file());
    await alerting.raise();
    await settled(alerting.pool);
    mailboxRefusals.set('dev@sdp.example', 450);
    await alerting.raise();
    await until(() => mails.length === 2);
    mailboxRefusals.set('dev@sdp.example', 550);
    await settled(alerting.pool);
    expect(mails.map(({ to }) => to)).toEqual([['ops@sdp.example'], ['ops@sdp.example']]);
    expect(Object.values(await outcomes(alerting.pool)).flat()).toEqual(['mail:DELIVERED', 'mail:DELIVERED']);
  });

  it('waits while the password is not the right one, which is told without it', async () => {
    await up();
    isPasswordRight = false;
    alerting.start(file(signedIn()), { SMTP_PASSWORD: 'smtp-password' });
    const id = await alerting.raise();
    await until(() => alerting.log.some((line) => line.includes('"reason":"smtp-535"')));
    expect((await outcomes(alerting.pool))[id]).toEqual(['mail:SENDING']);
    isPasswordRight = true;
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['mail:DELIVERED'] });
    expect(alerting.log.join('')).not.toMatch(/smtp-password/);
  });

  it('that is refused for good fails with the status, and the server’s words stay out of the log', async () => {
    await up();
    refusals = [554];
    alerting.start(file());
    await alerting.raise();
    await settled(alerting.pool);
    const { rows } = await alerting.pool.query('SELECT state, reason FROM alert_delivery');
    expect(rows).toEqual([{ state: 'FAILED', reason: 'smtp-554' }]);
    expect(alerting.log.join('')).not.toMatch(/anna@/);
  });
});
