import { type ErrorCode, type ErrorKind, errorRegistry, exitStatus, httpStatusOf } from '@sdp/shared/errors';

export const kinds: Readonly<Record<ErrorKind, string>> = {
  internal: 'Unexpected: a defect of SDP.',
  usage: 'The command line is wrong.',
  config: 'A configuration file or variable is wrong; SDP refuses to start.',
  input: 'The data or the request is wrong.',
  vault: 'The vault cannot serve the request.',
  integrity: 'Data is not what it was when it was written.',
  unavailable: 'Something needed is not there at the moment; a retry may help.',
  rejected: 'The other side said no.',
  gate: 'A property that was required was not reached.',
  budget: 'The privacy budget is spent.',
  interrupted: 'Stopped by a signal.',
};

/** `docs/errors.md`, made from the registry. */
export function renderErrorsPage(): string {
  const lines = [
    '# Errors',
    '',
    'Made from `shared/src/errors/registry.ts` by `npm run docs`; a test keeps both equal.',
    '',
    'The command line prints `sdp: error: …` and `sdp: hint: …`; with `--json` an object with `code`, `message` and `remedy`.',
    'The server answers with RFC 9457 problem details whose `code` is one of these and whose `type` is `urn:sdp:error:<code>`.',
    'Neither ever quotes a cell value, a token or a key. Codes are stable.',
  ];
  for (const kind of Object.keys(kinds) as ErrorKind[]) {
    lines.push('', `## ${kind}: exit status ${exitStatus[kind]}`, '', kinds[kind], '');
    lines.push('| code | HTTP | what happened | what to do |', '|---|---|---|---|');
    for (const [code, entry] of Object.entries(errorRegistry)) {
      if (entry.kind !== kind) continue;
      lines.push(`| \`${code}\` | ${httpStatusOf(code as ErrorCode)} | ${entry.title} | ${entry.remedy} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
