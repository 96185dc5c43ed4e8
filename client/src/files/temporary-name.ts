import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const form = /^\.(.+)\.([0-9a-f]{12})\.([0-9a-f]{8})-(\d+)\.sdp-tmp$/s;

/** A hidden file beside the final one, whose name says which process on which machine writes it. */
export interface TemporaryFile {
  readonly path: string;
  /** 12 random hex digits that stay when another process takes the file over. */
  readonly id: string;
}

export function temporaryFileFor(target: string, id = randomBytes(6).toString('hex')): TemporaryFile {
  return { path: join(dirname(target), `.${basename(target)}.${id}.${host}-${process.pid}.sdp-tmp`), id };
}

/** Who this process is, in the way in which temporary names say it. */
export function ownProcess(): { readonly host: string; readonly pid: number } {
  return { host, pid: process.pid };
}

/** Whether nobody can be writing as this process any more. Of another machine nothing is known. */
export function isGone(owner: { readonly host: string; readonly pid: number }): boolean {
  if (owner.host !== host) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** A temporary file that lies in a folder. */
export interface FoundTemporaryFile extends TemporaryFile {
  /** What the final file is called. */
  readonly base: string;
  /** Nobody is writing it any more: its process is gone, e.g. killed. */
  readonly isAbandoned: boolean;
}

/**
 * The temporary files among the names of a folder.
 *
 * @param isOurs whether this process is writing a file; in a container that was started anew it may have the number of
 *   the one that was killed
 */
export function temporaryFilesAmong(
  names: readonly string[],
  folder: string,
  isOurs: (path: string) => boolean,
): FoundTemporaryFile[] {
  return names.flatMap((name) => {
    const [whole, base = '', id = '', ownerHost = '', pid = ''] = form.exec(name) ?? [];
    if (whole === undefined) return [];
    const path = join(folder, name);
    const owner = { host: ownerHost, pid: Number(pid) };
    const isAbandoned = owner.host === host && owner.pid === process.pid ? !isOurs(path) : isGone(owner);
    return [{ path, id, base, isAbandoned }];
  });
}

/** Those for this target whose process is gone. */
export function abandonedAmong(
  names: readonly string[],
  target: string,
  isOurs: (path: string) => boolean,
): FoundTemporaryFile[] {
  const found = temporaryFilesAmong(names, dirname(target), isOurs);
  return found.filter(({ base, isAbandoned }) => isAbandoned && base === basename(target));
}
