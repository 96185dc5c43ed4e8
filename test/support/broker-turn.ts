import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const deadlineMs = 300_000;

/**
 * Waits until no other test file of this run has workers of the built product on the broker. Topics and groups of the
 * product have fixed names, so workers of two databases would take each other's batches.
 *
 * @returns gives the turn back; call it in a file's last `afterAll`
 */
export async function takeBrokerTurn(): Promise<() => void> {
  // The runner's process, which all test files of a run have as their parent.
  const lock = join(import.meta.dirname, '../../.kafka', `turn-${process.ppid}.lock`);
  for (const deadline = Date.now() + deadlineMs; !claim(lock); await sleep(200)) {
    if (Date.now() > deadline) throw new Error('another test file did not give its turn on the broker back');
  }
  return () => rmdirSync(lock);
}

function claim(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
