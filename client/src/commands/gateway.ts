import { UsageError } from '@sdp/shared/errors';
import { Command, InvalidArgumentError } from 'commander';
import { readEventConfig } from '../config/index.ts';
import { Gateway, isPersonalName, metricMappings } from '../gateway/index.ts';
import { type CommandContext, pathFrom } from './context.ts';
import { collect } from './csv-flags.ts';
import { addEventFlags, type EventFlags } from './event-flags.ts';
import { type EventTuning, runEvents } from './event-run.ts';
import { type GatewayAccessFlags, gatewayAccess } from './gateway-access.ts';
import { addOutputFlags } from './output-flags.ts';

interface GatewayFlags extends EventFlags, GatewayAccessFlags {
  readonly port: number;
  readonly maxBody: number;
  readonly userAttribute?: readonly string[];
}

/** Where OTLP/HTTP is received by default (IANA). */
const defaultPort = 4_318;
const maxRequests = 16;
/** By OpenTelemetry's semantic conventions, the newer one first. */
const userAttributes = ['user.id', 'enduser.id'];

/** `sdp gateway`: a receiver of OpenTelemetry's logs and metrics on this machine. */
export function gatewayCommand(context: CommandContext, tuning: EventTuning = {}): Command {
  const command = new Command('gateway')
    .summary('receive logs and metrics of OpenTelemetry, tokenize and forward them')
    .description(
      'Listens for OTLP/HTTP (logs and metrics, JSON and protocol buffers) on this machine, so that a collector or an SDK can point at it; replaces personal data by tokens and sends events to the server.\n\n' +
        'A sender is told success once its events are in the spool on this disk. With SDP_GATEWAY_TOKEN, or the file that SDP_GATEWAY_TOKEN_FILE names, each has to show it: Authorization: Bearer TOKEN.',
    )
    .option(
      '--host <address>',
      'where to listen; an address that other machines can reach needs TLS and a token',
      '127.0.0.1',
    )
    .option('--port <number>', 'port to listen at; 0 for any that is free', portOf, defaultPort)
    .option('--tls-cert <file>', 'certificate chain (PEM): the gateway then speaks HTTPS')
    .option('--tls-key <file>', 'key of the certificate (PEM), readable by its owner alone')
    .option('--max-body <mib>', 'MiB that a request may have, unpacked too', mibOf, 16)
    .option(
      '--user-attribute <name>',
      'attribute of a log record that says whose it is, may be repeated (default: user.id, enduser.id)',
      collect,
    );
  addEventFlags(command);
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
docs/streaming.md says how records become events, and how to point a collector here.

Example:
  $ sdp gateway --server-url https://sdp.example.com
  $ OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node app.js
`,
    )
    .action((flags: GatewayFlags) => serve(context, flags, tuning));
}

async function serve(context: CommandContext, flags: GatewayFlags, tuning: EventTuning): Promise<void> {
  const { terminal } = context;
  const config = flags.config === undefined ? undefined : await readEventConfig(pathFrom(context, flags.config));
  if (config?.mapping !== undefined) {
    throw new UsageError('usage-invalid', {
      message: 'A configuration for the gateway has no map `event`: what OpenTelemetry sends becomes events by itself',
      remedy: 'Leave out `event`, and name fields of events under `columns`, such as user_id or attributes.customer.',
    });
  }
  const access = await gatewayAccess(context, flags);
  await runEvents(
    context,
    { ...flags, timeout: 0 },
    {
      label: 'receiving',
      isService: true,
      fit: true,
      isPersonal: isPersonalName,
      take: async ({ spool, intake, treat, keyFor, signal }) => {
        const gateway = new Gateway({
          host: flags.host,
          port: flags.port,
          spool,
          intake,
          treat,
          userAttributes: flags.userAttribute ?? userAttributes,
          mappings: metricMappings(config?.gateway?.metrics),
          idKey: keyFor('gateway-id'),
          ...access,
          maxBodyBytes: flags.maxBody * 1024 * 1024,
          maxRequests,
        });
        const { address, family, port } = await gateway.listen();
        const host = family === 'IPv6' ? `[${address}]` : address;
        terminal.info(
          `receiving OTLP at ${access.tls === undefined ? 'http' : 'https'}://${host}:${port}/v1/logs and /v1/metrics`,
        );
        await gateway.serve(signal);
        return false;
      },
    },
    tuning,
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}

function mibOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 256))
    throw new InvalidArgumentError('It must be a number up to 256.');
  return value;
}
