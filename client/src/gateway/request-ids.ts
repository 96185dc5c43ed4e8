import { createHmac, type KeyObject } from 'node:crypto';
import type { Signal } from './answers.ts';

/**
 * Ids for the events of a request that are the same when the same bytes come again, as they do from an exporter that did not
 * get its answer: OTLP has no id of its own. Keyed, so that nobody can try out what stood in a request.
 *
 * @param body unpacked
 */
export function requestIds(key: KeyObject, signal: Signal, body: Uint8Array): (position: string) => string {
  const digest = createHmac('sha256', key).update(`${signal}\n`).update(body).digest('hex').slice(0, 32);
  // In letters: among hex digits some runs look like card numbers.
  const request = digest.replace(/./g, (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)] as string);
  return (position) => `${request}-${position}`;
}
