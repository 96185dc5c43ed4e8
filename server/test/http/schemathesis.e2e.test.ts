import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemathesisPackages } from '../../../test/support/schemathesis.ts';
import type { Role } from '../../src/identity/index.ts';
import { edit, person, uploaded } from '../jobs/people.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

// A stage of its own (`npm run test:schema`): it makes thousands of requests.
const isAsked = process.env['SDP_SCHEMATHESIS'] === 'run';
const packages = isAsked ? schemathesisPackages() : { missing: 'not asked for' };

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

describe.skipIf(!isAsked)('with requests made from /openapi.json', () => {
  let server: RunningServer;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'sdp-schemathesis-'));
    server = await startServer({ environment: { SDP_RATE_LIMIT_PER_MINUTE: '1000000' } });
    const client = await person(server, 'Client');
    const engineer = await person(server, 'DataEngineer', '*');
    const jobId = await uploaded(client, { csv: 'id,n\na,1\nb,2\n', index: { id: 'equal', n: 'range' } });
    await engineer.ask(`/api/v1/records/${jobId}.1`, edit({ id: 'c' }, '"v1"'));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** @returns what it printed */
  async function run(role: Role, tenants: readonly string[] | '*', paths: string): Promise<string> {
    if ('missing' in packages) throw new Error(`Schemathesis is not here: ${packages.missing}`);
    const { key } = await person(server, role, tenants);
    const child = spawn(
      'python3',
      [
        ...['-m', 'schemathesis.cli', 'run', `${server.url}/openapi.json`, '-H', `X-API-Key: ${key}`],
        ...(role === 'Client' ? [] : ['-H', 'X-SDP-Client-Id: acme']),
        ...[
          '--checks',
          checks.join(','),
          '--phases',
          'examples,coverage,fuzzing',
          '--max-examples',
          '5',
          '--include-path-regex',
          paths,
        ],
        // A stream has no end, and what is for development alone is not there elsewhere.
        ...['--exclude-path-regex', 'stream|^/dev/|v1/transactions$', '--seed', '1', '--request-timeout', '20'],
        // With more workers, Python 3.11 can lose count of its parser's depth between threads.
        ...['--workers', '1'],
        ...['--suppress-health-check', 'all', '--generation-database', 'none', '--warnings', 'off', '--no-color'],
      ],
      { cwd: scratch, env: { ...process.env, PYTHONPATH: packages.folder }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let printed = '';
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (printed += text));
    const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    expect(status, printed.replaceAll(/(.)\1{80,}/g, '$1…').slice(-6_000)).toBe(0);
    return printed;
  }

  // All that an engineer is asked, and of the others what is theirs alone. Decisions take workers, which are tried elsewhere.
  it.each([
    ['DataEngineer', '*', '.'],
    ['Client', ['acme'], 'vault-copy|outcomes|process|jobs/upload|alerts|v1/events|stats'],
    ['SecurityAuditor', '*', 'access-log|audit|integrity'],
    ['Admin', '*', 'users|keys|session'],
  ] as const)(
    'answers a %s as the document says, and never fails',
    async (role, tenants, paths) => {
      const printed = await run(role, tenants, paths);
      expect(Number(/(\d+) generated/.exec(printed)?.[1])).toBeGreaterThan(10);
    },
    120_000,
  );

  it('finds nothing stored that is not as it was written', () => {
    const errors = server.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(errors).toEqual([]);
  });
});
