import { errorFields, type Logger } from '../observability/index.ts';

export interface Housekeeping {
  /** Starts no further task and waits for the one in hand. */
  close(): Promise<void>;
}

const hourMs = 3_600_000;

/** Runs tasks now and every hour. One that fails is logged, and tried again the next time. */
export function startHousekeeping(
  logger: Pick<Logger, 'warn'>,
  tasks: readonly (() => Promise<unknown>)[],
  intervalMs = hourMs,
): Housekeeping {
  let isClosed = false;
  let running = Promise.resolve();
  const run = async () => {
    for (const task of tasks) {
      if (isClosed) return;
      await task().catch((error: unknown) => logger.warn(errorFields(error), 'housekeeping failed'));
    }
  };
  const timer = setInterval(() => {
    running = running.then(run);
  }, intervalMs).unref();
  running = run();
  return {
    close: async () => {
      isClosed = true;
      clearInterval(timer);
      await running;
    },
  };
}
