import type { SdpError } from '@sdp/shared/errors';

/** What an operator's command was asked for. A server that runs writes log lines instead. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printError(error: SdpError): void {
  process.stderr.write(`sdp-server: error: ${error.message}\nsdp-server: hint: ${error.remedy}\n`);
}
