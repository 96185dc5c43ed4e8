import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@sdp/shared/errors';
import { errorFields, type Logger } from '../observability/index.ts';

/** A part that was started and is stopped again; see {@link runUntilStopped}. */
export interface Part {
  close(deadlineMs: number): Promise<void>;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  readonly deadlineMs: number;
  /** Stopped together, first. */
  readonly parts: readonly Part[];
  /** Stopped last: what the parts stand on. */
  readonly base: { close(): Promise<void>; readonly databaseEnded: Promise<void> };
}

/** Ctrl-C reaches every process at the terminal, and npx passes it on: signals so close together are one. */
const oneKeyMs = 500;
/** Left of the deadline for closing the base, once the parts had their time. */
const baseShareMs = 2_000;

/**
 * Waits for SIGINT or SIGTERM, then stops: parts first, their base last, all within the deadline. A second signal ends the
 * process at once; the embedded database then stops by itself.
 *
 * @returns exit status
 */
export async function runUntilStopped({ logger, deadlineMs, parts, base }: LifecycleOptions): Promise<number> {
  const reason = await Promise.race([signalled(), base.databaseEnded.then(() => 'database-ended' as const)]);
  const isFailure = reason === 'database-ended';
  if (isFailure) logger.error({ code: 'database-unavailable' }, 'the embedded database ended; stopping');
  else logger.info({ reason }, 'stopping');
  const stoppingSince = performance.now();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (performance.now() - stoppingSince > oneKeyMs) process.exit(130);
    });
  }

  const stopping = stop(parts, base, Math.max(0, deadlineMs - baseShareMs));
  try {
    const inTime = await Promise.race([stopping.then(() => true), sleep(deadlineMs, false, { ref: false })]);
    if (!inTime) logger.warn({ deadlineMs }, 'stopped at the deadline with work in hand');
    else logger.info({}, 'stopped');
  } catch (error) {
    logger.warn(errorFields(error), 'stopped with a failure');
  }
  return isFailure ? new UnavailableError('database-unavailable').exitStatus : 0;
}

async function stop(parts: readonly Part[], base: { close(): Promise<void> }, deadlineMs: number): Promise<void> {
  await Promise.all(parts.map((part) => part.close(deadlineMs)));
  await base.close();
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    // `on`: without a listener left, the same signal again would end the process.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal));
  });
}
