import type { ErrorDetails, Finding, SdpError } from '@sdp/shared/errors';
import { escapeControl } from './escape-control.ts';

const findingsShown = 50;

/** `sdp: error: …`, every finding with its place, then `sdp: hint: …`. */
export function errorText(error: SdpError): string {
  const { file, findings = [], requestId } = error.details;
  const lines = [`sdp: error: ${one(error.message)}${file === undefined ? '' : ` (${one(file)})`}`];
  for (const finding of findings.slice(0, findingsShown)) lines.push(`  ${findingText(finding)}`);
  if (findings.length > findingsShown) lines.push(`  and ${findings.length - findingsShown} more`);
  if (requestId !== undefined) lines.push(`  request id: ${one(requestId)}`);
  lines.push(`sdp: hint: ${one(error.remedy)}`);
  return lines.join('\n');
}

/** The same for `--json`. */
export function errorJson(error: SdpError): {
  readonly error: ErrorDetails & {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly retryable: boolean;
    readonly exit_status: number;
  };
} {
  const { code, message, remedy, retryable, exitStatus, details } = error;
  return { error: { code, message, remedy, retryable, exit_status: exitStatus, ...details } };
}

function findingText({ line, column, row, field, message }: Finding): string {
  const places = [
    line === undefined ? undefined : column === undefined ? `line ${line}` : `${line}:${column}`,
    row === undefined ? undefined : `row ${row}`,
    field === undefined || field === '' ? undefined : one(field),
  ].filter((place) => place !== undefined);
  return `${places.join(', ')}${places.length > 0 ? ': ' : ''}${one(message)}`;
}

/** A name or sentence as part of one line. */
function one(text: string): string {
  return escapeControl(text);
}
