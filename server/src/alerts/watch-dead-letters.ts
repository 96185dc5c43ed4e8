import type { Queryable } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import { raiseAlert } from './raise-alert.ts';

export interface DeadLetterWatchOptions {
  readonly db: Queryable;
  readonly logger: Pick<Logger, 'warn'>;
  /** So many of one topic within the window are told of; 0: none. */
  readonly threshold: number;
  readonly windowMs?: number;
  readonly now?: () => number;
}

interface Window {
  readonly since: number;
  count: number;
  isTold: boolean;
}

/**
 * Counts the messages that this process puts into the dead letters, and has people told once a window where a topic has more of them
 * than it should.
 *
 * @returns to be called for each
 */
export function watchDeadLetters(options: DeadLetterWatchOptions): (topic: string, code: string) => void {
  const { db, logger, threshold, windowMs = 600_000, now = Date.now } = options;
  const windows = new Map<string, Window>();
  return (topic, code) => {
    if (threshold === 0) return;
    const time = now();
    const last = windows.get(topic);
    const window = last && time - last.since < windowMs ? last : { since: time, count: 0, isTold: false };
    windows.set(topic, window);
    window.count++;
    if (window.isTold || window.count < threshold) return;
    window.isTold = true;
    raiseAlert(db, {
      type: 'dead-letters',
      level: 'ERROR',
      title: `Messages of ${topic} go to the dead letters`,
      message: `${window.count} in ${Math.ceil((time - window.since) / 60_000)} min, the last for ${code}. \`sdp-server dead-letters list ${topic}.dlq\` shows them.`,
      tags: { topic, code },
      metrics: { dead_letters: window.count },
    }).catch((error: unknown) => {
      // The next one tries again.
      window.isTold = false;
      logger.warn(errorFields(error), 'an alert of dead letters could not be raised');
    });
  };
}
