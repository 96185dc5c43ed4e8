import { type KeyRotationOptions, reencrypt } from '../data-keys/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';

/** Gives what is under retired keys the active one, in the background, for as long as the process lives. */
export function startKeyRotation(options: Omit<KeyRotationOptions, 'actor' | 'signal'> & { readonly logger: Logger }): {
  close(): Promise<void>;
} {
  const { logger } = options;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    try {
      const actor = { kind: 'system', id: 'key-rotation' } as const;
      const done = await reencrypt({ ...options, actor, signal: stopped.signal });
      if (done && done.resealed > 0)
        logger.info({ count: done.resealed }, 'stored data has been given the active data key');
      if (done && done.tampered > 0) {
        logger.error({ count: done.tampered }, 'stored data is not what was written and keeps its retired data key');
      }
      for (const keyId of done?.destroyed ?? [])
        logger.info({ dataKeyId: keyId }, 'a data key was destroyed: nothing is under it');
    } catch (error) {
      logger.warn(errorFields(error), 'data could not be given the active data key, it will be tried again');
    }
  };
  let running = Promise.resolve();
  const next = () => {
    if (stopped.signal.aborted) return;
    timer = setTimeout(() => {
      running = round();
      void running.then(next);
    }, pollMs).unref();
  };
  next();
  return {
    close: async () => {
      stopped.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

const pollMs = 10_000;
