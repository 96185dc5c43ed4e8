import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from '../support/running-server.ts';
import { person } from './people.ts';

const guide = new URL('../../../docs/records.md', import.meta.url);
const hasTools = ['bash', 'curl'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** The commands of a guide: what follows a `$`, with the lines that a backslash adds. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => [...block.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command));
}

function run(command: string, cwd: string, variables: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', command], { cwd, env: { PATH: process.env['PATH'], ...variables } });
    let printed = '';
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.on('error', reject).on('close', () => resolve(printed));
  });
}

it.skipIf(!hasTools)('docs/records.md shows commands that do what it says, one after the other', async () => {
  const server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'sdp-guide-'));
  try {
    writeFileSync(
      join(folder, 'records.csv'),
      'id,city,amount\ntok_1,Lisbon,250\ntok_2,Lisbom,120.50\ntok_3,Lisbon,8\n',
    );
    const variables: Record<string, string> = {
      SDP: server.url,
      CLIENT: (await person(server, 'Client')).key,
      ENGINEER: (await person(server, 'DataEngineer', '*')).key,
      ANALYST: (await person(server, 'DataAnalyst', '*')).key,
    };
    const answers: string[] = [];
    for (const command of commandsOf(readFileSync(guide, 'utf8'))) {
      const answer = await run(command, folder, variables);
      expect(answer, command).not.toContain('urn:sdp:error');
      variables['JOB'] ??= JSON.parse(answer).job_id;
      const proposal = /"proposal_id":"([0-9a-f-]{36})"/.exec(answer)?.[1];
      if (proposal) variables['PROPOSAL'] = proposal;
      answers.push(answer);
    }
    expect(answers.length).toBe(9);
    expect(answers[0]).toContain('"accepted_records":3');
    expect(JSON.parse(answers[1] ?? '').records).toMatchObject([{ seq: 1 }]);
    expect(answers[2]?.trim()).toBe('ETag: "v1"');
    expect(JSON.parse(answers[3] ?? '')).toMatchObject({ version: 2, values: { city: 'Porto' } });
    expect(JSON.parse(answers[4] ?? '').versions.length).toBe(2);
    expect(JSON.parse(answers[7] ?? '')).toMatchObject({ status: 'approved', version: 2 });
    const [exported = ''] = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
    expect(readFileSync(join(folder, exported)).subarray(0, 4).toString()).toBe('PAR1');
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
