import type { LogLevel } from '@sdp/shared/contracts';
import type { SeededRandom } from '../../transactions/index.ts';

interface Template {
  readonly source: string;
  readonly level: LogLevel;
  readonly text: string;
}

/** As services write them. None says that something "failed": that is an anomaly, and some only come near to it. */
const templates: readonly Template[] = [
  { source: 'gateway', level: 'INFO', text: 'GET {path} {status} in {ms} ms' },
  { source: 'gateway', level: 'INFO', text: 'POST {path} {status} in {ms} ms, {bytes} bytes' },
  { source: 'gateway', level: 'WARN', text: 'upstream {service} answered after {ms} ms, budget is 250 ms' },
  { source: 'gateway', level: 'DEBUG', text: 'route {path} matched handler {service}' },
  { source: 'checkout', level: 'INFO', text: 'basket {id} priced with {count} items' },
  { source: 'checkout', level: 'INFO', text: 'order {id} placed, payment authorized in {ms} ms' },
  { source: 'checkout', level: 'WARN', text: 'retry {count} of 5 for payment of order {id}' },
  { source: 'inventory', level: 'INFO', text: 'stock of item {id} is {count}' },
  { source: 'inventory', level: 'DEBUG', text: 'cache miss for item {id}, loaded in {ms} ms' },
  { source: 'inventory', level: 'WARN', text: 'stock of item {id} below {count}' },
  { source: 'search', level: 'INFO', text: 'query took {ms} ms, {count} hits' },
  { source: 'search', level: 'INFO', text: 'index segment {id} merged, {bytes} bytes' },
  { source: 'mailer', level: 'INFO', text: 'message {id} queued for template {path}' },
  { source: 'mailer', level: 'WARN', text: 'failover to relay {count} took {ms} ms' },
  { source: 'scheduler', level: 'INFO', text: 'job {id} finished after {ms} ms' },
  { source: 'scheduler', level: 'TRACE', text: 'tick {count}' },
  { source: 'scheduler', level: 'WARN', text: 'failure budget of job {id} at {count} percent' },
];

const errors: readonly Template[] = [
  { source: 'gateway', level: 'ERROR', text: 'no answer from {service} within {ms} ms' },
  { source: 'checkout', level: 'ERROR', text: 'payment of order {id} was not authorized' },
  { source: 'inventory', level: 'ERROR', text: 'lock on item {id} not granted after {ms} ms' },
  { source: 'search', level: 'ERROR', text: 'shard {count} is out of memory' },
];

const failures: readonly Template[] = [
  { source: 'checkout', level: 'WARN', text: 'payment of order {id} failed with code {status}' },
  { source: 'mailer', level: 'WARN', text: 'delivery of message {id} failed, attempt {count}' },
  { source: 'scheduler', level: 'WARN', text: 'job {id} failed after {ms} ms' },
];

const paths = ['/api/orders', '/api/items', '/api/basket', '/api/search', '/login', '/health', '/static/app.js'];
const services = ['checkout', 'inventory', 'search', 'mailer'];
const statuses = [200, 200, 200, 200, 201, 204, 304, 404];

const fillers: Readonly<Record<string, (random: SeededRandom) => string | number>> = {
  path: (random) => pick(random, paths),
  service: (random) => pick(random, services),
  status: (random) => pick(random, statuses),
  ms: (random) => random.exponential(1 / 60).toFixed(1),
  bytes: (random) => 100 + random.index(90_000),
  count: (random) => 1 + random.index(40),
  id: (random) => `x${random.hex(4)}`,
};

export interface LogLine {
  readonly source: string;
  readonly level: LogLevel;
  readonly message: string;
}

export type LogKind = 'ordinary' | 'error' | 'failed';

/** A line of a service's log. */
export function logLine(random: SeededRandom, kind: LogKind): LogLine {
  const { source, level, text } = pick(random, { ordinary: templates, error: errors, failed: failures }[kind]);
  return { source, level, message: text.replace(/\{(\w+)\}/g, (_, name: string) => String(fillers[name]?.(random))) };
}

export function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.index(choices.length)] as T;
}
