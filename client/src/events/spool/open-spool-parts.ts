import { join } from 'node:path';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { type Progress, ProgressFile } from './progress-file.ts';
import { RejectLog } from './reject-log.ts';
import { newSpoolIdentity, spoolIdentity } from './spool-identity.ts';
import { type FoundSegments, findSegments, isSegmentName, spoolDamaged } from './spool-segments.ts';

/** What a spool consists of on the disk, beside its lock. */
export interface SpoolParts {
  readonly id: string;
  readonly found: FoundSegments;
  readonly progress: ProgressFile;
  readonly last: Progress | undefined;
  readonly rejects: RejectLog;
}

export const identityName = 'spool.json';
const progressName = 'progress';
const rejectsName = 'rejected.segment';

/** Whether a file of the folder is one of the spool's. */
export function isSpoolFile(name: string): boolean {
  return [identityName, progressName, rejectsName].includes(name) || isSegmentName(name);
}

/**
 * Finds out where a spool stands, or makes one.
 *
 * @throws {ConfigError} `spool-wrong-key`
 * @throws {IntegrityError} `spool-damaged`
 */
export async function openSpoolParts(folder: string, masterKey: MasterKey): Promise<SpoolParts> {
  const identityPath = join(folder, identityName);
  let id = spoolIdentity(identityPath, masterKey);
  let found = await findSegments(folder, masterKey, id);
  const progressPath = join(folder, progressName);
  const opened = await ProgressFile.open(progressPath, progressKey(masterKey, id));
  const { end } = opened.last ?? {};
  const ending = found.segments.find(({ number }) => number === end?.segment);
  if (end !== undefined && ending !== undefined && ending.bytes < end.bytes) {
    await opened.file.close();
    throw spoolDamaged(ending.path);
  }
  const rejects = await RejectLog.open(join(folder, rejectsName), masterKey, id).catch(async (error: unknown) => {
    await opened.file.close();
    throw error;
  });
  let { file: progress, last } = opened;
  if (last === undefined && found.segments.length === 0 && rejects.count === 0) {
    // Nothing says which numbers were given out, and one given twice would be taken for a repeat.
    await progress.close();
    id = newSpoolIdentity(identityPath, masterKey);
    found = { segments: [], cutBytes: found.cutBytes, lastText: undefined };
    ({ file: progress, last } = await ProgressFile.open(progressPath, progressKey(masterKey, id)));
    await rejects.close();
    return {
      id,
      found,
      progress,
      last,
      rejects: await RejectLog.open(join(folder, rejectsName), masterKey, id),
    };
  }
  return { id, found, progress, last, rejects };
}

function progressKey(masterKey: MasterKey, id: string) {
  return deriveKey(masterKey, 'event-spool-progress-v1', id);
}
