import { Command, Option } from 'commander';
import type { Settings } from '../settings/index.ts';
import {
  type DeployOptions,
  type PromoteOptions,
  promoteModel,
  rollbackModels,
  withdrawModel,
} from './models/deploy-models.ts';
import { addModel, keygen, type SignOptions, signFolder } from './models/model-files.ts';
import { listModels, reportModels, showModel } from './models/show-models.ts';

type Load = () => Settings;

/** `sdp-server models …`: on the configured database, or the embedded one, running or not. */
export function modelsCommand(load: Load): Command {
  const command = new Command('models')
    .description('Sign, add, deploy and compare the models that decide on transactions')
    .addHelpText('after', '\nExample:\n  $ sdp-server models list');
  filesCommands(command, load);
  deployCommands(command, load);
  showCommands(command, load);
  return command;
}

const json = ['--json', 'print one JSON object', false] as const;

function filesCommands(command: Command, load: Load): void {
  command
    .command('keygen')
    .description('Make a key pair to sign models with; prints the public half for SDP_MODEL_TRUSTED_KEYS')
    .requiredOption('--out <file>', 'new file for the private half; only its owner can read it')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models keygen --out model-signing.key')
    .action((options: { out: string; json: boolean }) => keygen(options));
  command
    .command('sign <folder>')
    .description('Sign all files of a folder as one model')
    .requiredOption('--key-file <file>', 'private key, as keygen made it')
    .option('--out <file>', 'write model and signature into one new file; else signature.json into the folder')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models sign fraud-2.0.0 --key-file model-signing.key')
    .action((folder: string, options: SignOptions) => signFolder(folder, options));
  command
    .command('add <path>')
    .description('Verify a signed folder or file, try the model out, and store it; deploys nothing')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models add fraud-2.0.0')
    .action((path: string, options: { json: boolean }) => addModel(load(), path, options));
}

function deployCommands(command: Command, load: Load): void {
  const deploying = (name: string) =>
    command
      .command(name)
      .option('--reason <text>', 'why, for the records', '')
      .option('--wait <seconds>', 'how long to wait for workers', '10')
      .option(...json);
  deploying('promote <version>')
    .description('Have a version decide on transactions, on a share of them, or be watched')
    .addOption(
      new Option('--as <role>', 'what it is to be').choices(['champion', 'challenger', 'shadow']).default('champion'),
    )
    .option('--share <share>', 'of a challenger: between 0 and 1 (default: 0.1)')
    .option('--force', 'keep it deployed even where a worker cannot load it', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server models promote fraud-2.0.0 --as challenger --share 0.1')
    .action((version: string, options: PromoteOptions) => promoteModel(load(), version, options));
  deploying('withdraw <role>')
    .description('End a challenger or a shadow')
    .addHelpText('after', '\nExample:\n  $ sdp-server models withdraw challenger')
    .action((role: string, options: DeployOptions) => withdrawModel(load(), role, options));
  deploying('rollback')
    .description('Go back to what was deployed before; once more, to what was deployed before that')
    .addHelpText('after', '\nExample:\n  $ sdp-server models rollback --reason "too many reviews"')
    .action((options: DeployOptions) => rollbackModels(load(), options));
}

function showCommands(command: Command, load: Load): void {
  command
    .command('list')
    .description('List versions, what is deployed, and how many workers run each')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models list')
    .action((options: { json: boolean }) => listModels(load(), options));
  command
    .command('show <version>')
    .description("Show a version's files and the deployments that it took part in")
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models show fraud-2.0.0')
    .action((version: string, options: { json: boolean }) => showModel(load(), version, options));
  command
    .command('report')
    .description('Compare champion, challenger and shadow by what they decided and what became of it')
    .option('--since <time>', '30m, 12h, 7d, or a time; since the present deployment where left out')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server models report --since 7d')
    .action((options: { since?: string; json: boolean }) => reportModels(load(), options));
}
