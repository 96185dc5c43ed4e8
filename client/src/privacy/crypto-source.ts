import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '@sdp/shared/anonymization/privacy';

/** Random numbers from the generator of the system's cryptography, drawn for many at once. */
export function cryptoSource(): RandomSource {
  const pool = new Uint32Array(1_024);
  let next = pool.length;
  return {
    uint32: () => {
      if (next === pool.length) {
        randomFillSync(pool);
        next = 0;
      }
      const value = pool[next] as number;
      // Noise that could be read off later would be none.
      pool[next] = 0;
      next += 1;
      return value;
    },
  };
}
