import { setTimeout as sleep } from 'node:timers/promises';

const deadlineMs = 25_000;

/** Waits until the condition holds. The deadline is only there to end a test that has failed. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + deadlineMs; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
  }
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
