import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Measurement, markdownTable, median, perSecond } from './measure.ts';
import { removeVault, sdp } from './sdp-run.ts';

/** What is done to a vault as a whole, as commands in processes of their own. */
export async function benchVault(options: { entries: number; runs: number }): Promise<string> {
  const { entries, runs } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'sdp-bench-vault-'));
  try {
    const [original, vault, other, backup] = ['original.db', 'vault.db', 'other.db', 'vault.backup'].map((name) =>
      join(scratch, name),
    ) as [string, string, string, string];
    await fill(scratch, original, entries, 'a');
    await fill(scratch, other, entries, 'b');
    await sdp('vault', 'backup', '--vault', original, '--output', backup);
    const verbs: Record<string, readonly string[]> = {
      verify: ['verify'],
      rekey: ['rekey'],
      retoken: ['retoken', '--yes'],
      backup: ['backup', '--output', join(scratch, 'copy')],
      restore: ['restore', '--input', backup],
      'merge, as many entries again': ['merge', '--from', other],
    };
    const rows: string[][] = [];
    for (const [name, args] of Object.entries(verbs)) {
      const measured: Measurement[] = [];
      for (let run = 0; run < runs; run++) {
        removeVault(vault);
        copyFileSync(original, vault);
        measured.push(await sdp('vault', ...args, '--vault', vault));
      }
      const wallMs = median(measured.map((measurement) => measurement.wallMs));
      const peakBytes = Math.max(...measured.map((measurement) => measurement.peakBytes));
      rows.push([
        name,
        `${(wallMs / 1_000).toFixed(1)} s`,
        perSecond(entries, wallMs),
        `${Math.round(peakBytes / 1e6)} MB`,
      ]);
    }
    return `A vault of ${entries.toLocaleString('en-US')} entries.\n\n${markdownTable(['sdp vault', 'time', 'entries/s', 'peak memory'], rows)}`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function fill(scratch: string, vault: string, entries: number, label: string): Promise<void> {
  const [input, output] = [join(scratch, `${label}.csv`), join(scratch, `${label}-tokenized.csv`)];
  const lines = Array.from({ length: entries }, (_, i) => `${label}.${i}@customers.example\n`);
  writeFileSync(input, `email\n${lines.join('')}`);
  await sdp(
    ...['tokenize-csv', '--input', input, '--output', output, '--vault', vault],
    ...['--source-table', 'bench', '--column', 'email'],
  );
}
