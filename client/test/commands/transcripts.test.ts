import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { runTranscript } from '../support/transcript.ts';

const transcripts = join(import.meta.dirname, 'transcripts');

describe('command line transcripts', () => {
  it.each(readdirSync(transcripts))('%s', async (name) => {
    const folder = temporaryFolder();
    try {
      const env = { SDP_CRYPTO_KEY: generateMasterKeyText() };
      const commands = await runTranscript(readFileSync(join(transcripts, name), 'utf8'), folder.path, env);
      expect(commands).toBeGreaterThan(0);
    } finally {
      folder.remove();
    }
  });
});
