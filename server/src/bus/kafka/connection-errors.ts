import { type Connection, instancesChannel } from '@platformatic/kafka';

let isGuarded = false;

/**
 * Keeps the process alive when a broker goes away in the middle of an authentication. The library's connections then emit
 * `error` once more than anybody listens to, which would end the process; those who wait for the connection learn of it all
 * the same. Holds for version 2.12 of the library.
 */
export function guardConnections(): void {
  if (isGuarded) return;
  isGuarded = true;
  instancesChannel.subscribe((message) => {
    const { type, instance } = message as { type: string; instance: object };
    if (type === 'connection') (instance as Connection).on('error', () => undefined);
  });
}
