import type { BackupStore } from './backup-store.ts';
import { directoryStore } from './directory-store.ts';
import type { S3BackupPlace } from './s3-place.ts';
import { s3Store } from './s3-store.ts';

/** Where backups go: a directory, or a bucket. */
export type BackupPlace = { readonly directory: string } | { readonly s3: S3BackupPlace };

export async function openBackupStore(place: BackupPlace): Promise<BackupStore> {
  return 'directory' in place ? directoryStore(place.directory) : s3Store(place.s3);
}
