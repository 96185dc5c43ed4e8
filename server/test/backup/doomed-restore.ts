import { type BackupSite, openSite } from './backup-site.ts';
import { type RestoreAsked, restoreSite } from './restore-site.ts';

/** A restore that kills itself around one of its sendings, by its number. */
const { site, asked, publish, when } = JSON.parse(process.argv[2] ?? '') as {
  readonly site: BackupSite;
  readonly asked: RestoreAsked;
  readonly publish: number;
  readonly when: 'before' | 'after';
};
const parts = openSite(site);
const die = () => process.kill(process.pid, 'SIGKILL');
let sent = 0;
const bus = new Proxy(parts.bus, {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name);
    if (name !== 'publish') return typeof value === 'function' ? value.bind(target) : value;
    return async (...args: Parameters<typeof parts.bus.publish>) => {
      const isTime = ++sent === publish;
      if (isTime && when === 'before') die();
      await parts.bus.publish(...args);
      if (isTime) die();
    };
  },
});
await restoreSite(site, { ...parts, bus }, asked);
