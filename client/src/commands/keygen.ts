import { existsSync, readFileSync } from 'node:fs';
import { InputError, UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import {
  generateMasterKeyText,
  linesOfKeys,
  loadMasterKey,
  type MasterKey,
  parseMasterKey,
  type SealedKey,
  type SealingRequest,
  sealKey,
  writeKeyFile,
} from '../keys/index.ts';
import { type CommandContext, pathFrom } from './context.ts';
import { collect } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';

interface KeygenFlags {
  readonly out?: string;
  readonly passphrase?: boolean;
  readonly recipients?: string;
  readonly kms?: readonly string[];
  readonly keyring?: string;
  readonly reseal?: boolean;
}

/** `sdp keygen`: a new master key, as it is or sealed, to stdout or into a file that only its owner may read. */
export function keygenCommand(context: CommandContext): Command {
  const command = new Command('keygen')
    .summary('make a master key')
    .description(
      'Makes a random 256-bit master key. Keep a copy in a safe place: without it no vault opens again.\n\nWith --passphrase, --recipients, --kms or --keyring the key is sealed: the file is of use only together with what opens it. ' +
        'Several of them may be given; each opens the file alone, so a passphrase in a safe can stand in for a key service that is gone.',
    )
    .option('--out <file>', 'write the key into a new file (mode 0600) instead of printing it')
    .option('--passphrase', 'seal it by a passphrase, from SDP_KEY_PASSPHRASE, SDP_KEY_PASSPHRASE_FILE or a prompt')
    .option('--recipients <file>', 'seal it for the age recipients in this file, one on a line')
    .option('--kms <uri>', 'seal it by a key service: vault-transit://… or aws-kms://…; may be repeated', collect)
    .option('--keyring <name>', 'seal it by a key under this name in the keyring of the system')
    .option('--reseal', 'seal the key of SDP_CRYPTO_KEY or SDP_CRYPTO_KEY_FILE anew instead of making one');
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ sdp keygen --out sdp.key
  $ export SDP_CRYPTO_KEY_FILE=sdp.key

  $ export SDP_CRYPTO_KEY="$(sdp keygen)"

  $ sdp keygen --passphrase --kms 'aws-kms://alias/sdp?region=eu-central-1' --out sdp.sealed.key
`,
    )
    .action((flags: KeygenFlags) => keygen(context, flags));
}

async function keygen(context: CommandContext, flags: KeygenFlags): Promise<void> {
  const request = sealingRequest(context, flags);
  if (request === undefined) {
    if (flags.reseal) {
      throw new UsageError('usage-invalid', {
        message: '--reseal needs to know by what to seal the key',
        remedy: 'Give --passphrase, --recipients, --kms or --keyring.',
      });
    }
    const keyText = generateMasterKeyText();
    deliver(context, flags.out, keyText, { key: keyText });
    return;
  }
  // Before a keyring or a key service is touched for a file that can't be written then.
  if (flags.out !== undefined && existsSync(pathFrom(context, flags.out))) {
    throw new InputError('file-exists', { details: { file: pathFrom(context, flags.out) } });
  }
  const master: MasterKey = flags.reseal ? await loadMasterKey(context) : parseMasterKey(generateMasterKeyText());
  const { text, sealed, abandon } = await sealKey(master, request, context);
  try {
    deliver(context, flags.out, text, { sealed_key: sealed }, sealed);
  } catch (error) {
    await abandon();
    throw error;
  }
}

function sealingRequest(
  context: CommandContext,
  { passphrase = false, recipients, kms = [], keyring }: KeygenFlags,
): SealingRequest | undefined {
  if (!passphrase && recipients === undefined && kms.length === 0 && keyring === undefined) return undefined;
  return {
    passphrase,
    kms,
    ...(recipients === undefined ? {} : { recipients: readRecipients(pathFrom(context, recipients)) }),
    ...(keyring === undefined ? {} : { keyring }),
  };
}

function readRecipients(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new InputError('file-unreadable', { message: 'The recipients file cannot be read', details: { file } });
  }
  const recipients = linesOfKeys(text);
  if (recipients.length > 0) return recipients;
  throw new InputError('file-unreadable', { message: 'The recipients file names nobody', details: { file } });
}

function deliver(
  context: CommandContext,
  out: string | undefined,
  text: string,
  json: Readonly<Record<string, unknown>>,
  sealed?: SealedKey,
): void {
  const { terminal, stdout } = context;
  if (out === undefined) {
    // The key is what was asked for, not a remark on it: --quiet doesn't hold it back.
    if (terminal.json) terminal.result('', json);
    else stdout.write(`${text.trimEnd()}\n`);
    return;
  }
  const file = pathFrom(context, out);
  writeKeyFile(file, text);
  const what = sealed === undefined ? 'a new key' : `a key sealed by ${ways(sealed)}`;
  terminal.result(`Wrote ${what} to ${out}. Use it with SDP_CRYPTO_KEY_FILE, and keep a copy.`, {
    file,
    ...(sealed === undefined ? {} : { sealed_by: sealed.wraps.map(({ kind }) => kind) }),
  });
}

function ways({ wraps }: SealedKey): string {
  const names = {
    passphrase: 'passphrase',
    recipients: 'age recipients',
    kms: 'key service',
    keyring: 'keyring of the system',
  } as const;
  return [...new Set(wraps.map(({ kind }) => names[kind]))].join(', ');
}
