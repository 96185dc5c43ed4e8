import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchKey } from './bench-key.ts';
import { type Measurement, measureScript } from './measure.ts';

const program = join(import.meta.dirname, '../client/bin/sdp.js');
/** Where the ends of audit logs are remembered: the user's own folder is left alone. */
const stateFolder = join(tmpdir(), `sdp-bench-state-${process.pid}`);
process.on('exit', () => rmSync(stateFolder, { recursive: true, force: true }));

/** Runs `sdp` as a user starts it, with the benches' key. */
export function sdp(...args: readonly string[]): Promise<Measurement> {
  return measureScript(program, args, { SDP_CRYPTO_KEY: benchKey, SDP_STATE_DIR: stateFolder });
}

/** Files of one bench in its scratch folder. */
export interface BenchFiles {
  readonly input: string;
  readonly output: string;
  readonly vault: string;
  readonly config: string;
}

export function benchFiles(folder: string, input: string): BenchFiles {
  const at = (name: string) => join(folder, name);
  return { input, output: at('tokenized.csv'), vault: at('vault.db'), config: at('config.yml') };
}

export function removeVault(vault: string): void {
  for (const suffix of ['', '-wal', '-shm', '.audit.jsonl']) rmSync(vault + suffix, { force: true });
  rmSync(stateFolder, { recursive: true, force: true });
}

export function vaultBytes(vault: string): number {
  return statSync(vault).size;
}

/** Tokenizes with `columns` (YAML, a column a line) and keeps all others. */
export function tokenizeWith(files: BenchFiles, columns: readonly string[]): Promise<Measurement> {
  writeFileSync(
    files.config,
    `source_table: bench\ndefault: keep\ncolumns:\n${columns.map((line) => `  ${line}\n`).join('')}`,
  );
  return sdp(
    ...['tokenize-config', '--quiet', '--config', files.config, '--input', files.input],
    ...['--output', files.output, '--vault', files.vault],
  );
}
