import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { temporaryFileFor } from './temporary-name.ts';

/** Without it a machine that loses power may come back without a file's name. Windows can't sync a folder and needs no such step. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Replaces a small file, so that after a crash there is either the old or the new one. Its owner alone may read it. */
export function replaceDurably(path: string, text: string): void {
  const { path: temporary } = temporaryFileFor(path);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeWhole(file, text);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Appends text that is on the disk when this returns, or not in the file: what a full disk took of it goes again. */
export function appendDurably(path: string, text: string, mode: number): void {
  const file = openSync(path, 'a', mode);
  const { size } = fstatSync(file);
  try {
    writeWhole(file, text);
    fsyncSync(file);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  } finally {
    closeSync(file);
  }
  if (size === 0) syncFolder(dirname(path));
}

function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
}
