import { createHash, timingSafeEqual } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@sdp/shared/errors';
import { z } from 'zod';
import type { TablePosition } from '../csv/index.ts';
import { AtomicFile, isGone, linkTarget, ownProcess, sweepUnfinished } from '../files/index.ts';
import { manifestPathFor } from '../manifest/index.ts';
import type { Vault } from '../vault/index.ts';
import type { WrittenSoFar } from './output-target.ts';

const count = z.int().min(0);

const schema = z.strictObject({
  version: z.literal(2),
  vault_id: z.string(),
  /** Keyed digest of the vault's generation: the tokens written so far are those of that one. */
  generation: z.string(),
  /** Keyed digest of everything that decides which bytes come out: rules, options, tool. */
  plan: z.string(),
  /** Keyed digest of what the input is known by. */
  input: z.string(),
  every_bytes: count,
  owner: z.strictObject({ host: z.string(), pid: z.int() }),
  output: z.strictObject({ id: z.string(), bytes: count, sha256: z.string() }),
  position: z.strictObject({ rows: count, inputOffset: count, outputBytes: count, state: z.unknown().optional() }),
  /** Counts for the report, by column. */
  tallies: z.array(z.record(z.string(), z.number())),
  entries_before: count,
  /** Entries that the vault held when all before the position was in it. */
  entries: count,
  mac: z.string(),
});

/** Where a run that was killed can be taken up again; lies hidden beside the unfinished output. */
export type RunCheckpoint = z.infer<typeof schema>;

/** What the checkpoint of an output is called. Links are followed, as the output's own bytes go behind them too. */
export async function checkpointPathFor(outputPath: string): Promise<string> {
  const target = await linkTarget(outputPath);
  return join(dirname(target), `.${basename(target)}.sdp-checkpoint`);
}

/**
 * @returns `undefined` where there is none
 * @throws {InputError} `checkpoint-unfit` for what is no checkpoint
 */
export async function readCheckpoint(path: string): Promise<RunCheckpoint | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw unfit('The checkpoint cannot be read');
  }
}

/** Whether the process that wrote the checkpoint may still be at work. */
export function isBusy({ owner }: RunCheckpoint): boolean {
  return owner.pid !== ownProcess().pid && !isGone(owner);
}

/** What a run is known by. */
export interface RunIdentity {
  readonly vault: Vault;
  /** JSON of everything that decides which bytes come out. */
  readonly plan: string;
  /** Of {@link inputIdentityOf}. */
  readonly input: string;
}

/** @throws {InputError} `checkpoint-unfit`, saying what is another than in the run that was killed */
export function assertFits(checkpoint: RunCheckpoint, run: RunIdentity): void {
  const { vault } = run;
  if (checkpoint.vault_id !== vault.id) throw unfit('The run that was stopped used another vault');
  const { mac, ...rest } = checkpoint;
  const expected = Buffer.from(keyed(vault, 'checkpoint', JSON.stringify(rest)));
  if (expected.length !== mac.length || !timingSafeEqual(expected, Buffer.from(mac))) {
    throw unfit('The checkpoint was changed after it was written');
  }
  if (checkpoint.generation !== keyed(vault, 'generation', vault.generation)) {
    throw unfit('The vault’s tokens were changed, or it was restored from a backup, since the run was stopped');
  }
  if (checkpoint.input !== keyed(vault, 'input', run.input))
    throw unfit('The input was changed since the run was stopped');
  if (checkpoint.plan !== keyed(vault, 'plan', run.plan)) {
    throw unfit('The run that was stopped had other columns, methods, options or another version of SDP');
  }
  if (vault.stats().entries < checkpoint.entries) {
    throw unfit('The vault holds fewer values than when the run was stopped');
  }
}

/** Writes the checkpoint whole, in the place of the one before. */
export async function writeCheckpoint(
  path: string,
  run: RunIdentity,
  progress: {
    readonly everyBytes: number;
    readonly output: WrittenSoFar;
    readonly position: TablePosition;
    readonly tallies: readonly Readonly<Record<string, number>>[];
    readonly entriesBefore: number;
  },
): Promise<void> {
  const { vault } = run;
  const { host, pid } = ownProcess();
  const rest = {
    version: 2 as const,
    vault_id: vault.id,
    generation: keyed(vault, 'generation', vault.generation),
    plan: keyed(vault, 'plan', run.plan),
    input: keyed(vault, 'input', run.input),
    every_bytes: progress.everyBytes,
    owner: { host, pid },
    output: progress.output,
    position: progress.position,
    tallies: progress.tallies,
    entries_before: progress.entriesBefore,
    entries: vault.stats().entries,
  };
  // As it will be read: parsing puts the fields into the schema's order.
  const { mac: _, ...parsed } = schema.parse(JSON.parse(JSON.stringify({ ...rest, mac: '' })));
  const file = await AtomicFile.create(path, { mode: 0o600 });
  try {
    const mac = keyed(vault, 'checkpoint', JSON.stringify(parsed));
    await file.write(Buffer.from(JSON.stringify({ ...parsed, mac })));
    await file.publish();
  } finally {
    await file.discard();
  }
}

/** Removes it, and what a run that was killed while writing it has left. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { force: true });
  await sweepUnfinished(path);
}

/** Removes all that runs which were killed have left of an output that is there: none will be taken up again. */
export async function sweepLeftOf(outputPath: string): Promise<void> {
  const path = await checkpointPathFor(outputPath);
  const found = await readCheckpoint(path).catch(() => undefined);
  if (found === undefined || !isBusy(found)) await removeCheckpoint(path);
  for (const written of [outputPath, manifestPathFor(outputPath)]) await sweepUnfinished(written);
}

/** Size, time of change, and digests of the beginning and the end: what an input is known by without reading all of it. */
export async function inputIdentityOf({ path, compression }: { path: string; compression: string }): Promise<string> {
  const sampleBytes = 64 * 1024;
  const handle = await open(path, 'r');
  try {
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    const hash = createHash('sha256');
    for (const at of [0, Math.max(0, Number(size) - sampleBytes)]) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(sampleBytes), 0, sampleBytes, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return JSON.stringify({ size: String(size), changed: String(mtimeNs), compression, samples: hash.digest('hex') });
  } finally {
    await handle.close();
  }
}

function keyed(vault: Vault, what: string, text: string): string {
  // A manifest begins with a brace, so that no text of one kind is one of the other.
  return vault.authenticate('manifest', `sdp ${what} of a run\n${text}`);
}

function unfit(message: string): InputError {
  return new InputError('checkpoint-unfit', { message });
}
