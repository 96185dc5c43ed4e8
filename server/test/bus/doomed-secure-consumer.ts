import { createPool } from '../../src/database/index.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import type { FaultPoint } from './effects.ts';
import { consumeWithEffects } from './secure-effects.ts';

/** A secure consumer that kills itself in the middle of a message, the way a power cut does. */
export interface SecureDoom {
  readonly address: BusAddress;
  readonly effectsDsn: string;
  readonly topic: string;
  readonly group: string;
  readonly dieAt: FaultPoint;
  readonly n: number;
}

const doom = JSON.parse(process.argv[2] ?? '') as SecureDoom;
const pool = createPool({ dsn: doom.effectsDsn, applicationName: 'sdp-test-doomed' });
await consumeWithEffects(openBus(doom.address), pool, doom, (point, n) => {
  if (point === doom.dieAt && n === doom.n) process.kill(process.pid, 'SIGKILL');
});
