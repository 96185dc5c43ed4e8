import { Command } from 'commander';
import { generateMasterKeyText, writeKeyFile } from '../keys/index.ts';
import { type CommandContext, pathFrom } from './context.ts';
import { addOutputFlags } from './output-flags.ts';

/** `sdp keygen`: a new master key, to stdout or into a file that only its owner may read. */
export function keygenCommand(context: CommandContext): Command {
  const command = new Command('keygen')
    .summary('make a master key')
    .description('Makes a random 256-bit master key. Keep a copy in a safe place: without it no vault opens again.')
    .option('--out <file>', 'write the key into a new file (mode 0600) instead of printing it');
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ sdp keygen --out sdp.key
  $ export SDP_CRYPTO_KEY_FILE=sdp.key

  $ export SDP_CRYPTO_KEY="$(sdp keygen)"
`,
    )
    .action((options: { out?: string }) => {
      const keyText = generateMasterKeyText();
      if (options.out === undefined) {
        // The key is what was asked for, not a remark on it: --quiet doesn't hold it back.
        if (context.terminal.json) context.terminal.result('', { key: keyText });
        else context.stdout.write(`${keyText}\n`);
        return;
      }
      const file = pathFrom(context, options.out);
      writeKeyFile(file, keyText);
      context.terminal.result(`Wrote a new key to ${options.out}. Use it with SDP_CRYPTO_KEY_FILE, and keep a copy.`, {
        file,
      });
    });
}
