import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SkippedKafka, startOnce } from './kafka.ts';

/** Of the broker: `admin` may do anything, the others what ACLs allow. */
export type SecuredUser = 'admin' | 'sdp-server' | 'payments';

/** A broker without any listener in plain text, and whose authorizer allows nothing that no ACL allows. */
export interface SecuredKafka {
  /** SASL/SCRAM-SHA-512 over TLS. */
  readonly saslBroker: string;
  /** TLS with client certificates. */
  readonly mtlsBroker: string;
  /** Folder of its authority, certificates and passwords. */
  readonly dir: string;
  readonly ca: string;
  password(user: SecuredUser): string;
  certificate(user: SecuredUser): { readonly cert: string; readonly key: string };
}

/** The secured broker for tests, one for the whole run; made anew with all its certificates each time. */
export async function startSecuredKafka(): Promise<SecuredKafka | SkippedKafka> {
  // Its own even where KAFKA_BROKERS names one: that one's users and rules are not ours to choose.
  if (process.env['SDP_TEST_KAFKA'] === 'skip') return { skipped: 'SDP_TEST_KAFKA is "skip".' };
  const started = await startOnce('secured', ['--secured']);
  if ('skipped' in started) return started;
  const { port, mtlsPort } = started.state as { port: number; mtlsPort: number };
  const dir = join(started.home, 'security');
  const read = (file: string) => readFileSync(join(dir, file), 'utf8');
  return {
    saslBroker: `localhost:${port}`,
    mtlsBroker: `localhost:${mtlsPort}`,
    dir,
    ca: read('ca.pem'),
    password: (user) => read(`${user}.password`).trim(),
    certificate: (user) => ({ cert: read(`${user}.pem`), key: read(`${user}.key`) }),
  };
}
