import type { StageBus } from '@sdp/shared/messaging';
import { openBackupStore } from '../../src/backup/index.ts';
import { type BackupSite, openSite, startBackupOf } from './backup-site.ts';

/** Where a process kills itself: around a write to the store, by its number, or once the chain's end has moved. */
export type BackupFault = { readonly put: number; readonly when: 'before' | 'after' } | 'after-chain';

export interface BackupDoom {
  readonly site: BackupSite;
  /** Nothing happens before so many messages were kept, so that it is hit under load. */
  readonly fault?: BackupFault;
}

const { site, fault } = JSON.parse(process.argv[2] ?? '') as BackupDoom;
const parts = openSite(site);
const store = await openBackupStore(site.place);
const die = () => process.kill(process.pid, 'SIGKILL');
let puts = 0;
const doomedStore: typeof store = {
  ...store,
  put: async (...args) => {
    const isTime = typeof fault === 'object' && ++puts === fault.put;
    if (isTime && fault.when === 'before') die();
    await store.put(...args);
    if (isTime) die();
  },
};
const runStage: StageBus['runStage'] = (options) =>
  parts.bus.runStage({
    ...options,
    inTransaction: async (work) => {
      await options.inTransaction?.(work);
      if (fault === 'after-chain') die();
    },
  });
const bus = new Proxy(parts.bus, {
  get: (target, name) => {
    if (name === 'runStage') return runStage;
    const value: unknown = Reflect.get(target, name);
    return typeof value === 'function' ? value.bind(target) : value;
  },
});
await startBackupOf(site, { ...parts, bus }, doomedStore);
process.send?.('running');
