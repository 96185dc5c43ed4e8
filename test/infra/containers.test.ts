import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { workerRoles } from '../../server/src/processes/processing-types.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Service {
  image: string;
  command?: string[];
  environment: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
}
const compose = parse(read('infra/docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = read('infra/Dockerfile');

describe('docker-compose.yml', () => {
  it('has the database, the broker, the API, and every role of a worker but the backup, which takes a place to keep it in', () => {
    expect(Object.keys(compose.services)).toEqual([
      'postgres',
      'kafka',
      'api',
      'worker-scoring',
      'worker-anonymization',
      'worker-anomaly',
      'worker-transactions',
      'worker-events',
      'worker-analysis',
      'worker-alerts',
    ]);
    const workers = Object.values(compose.services).filter(({ command }) => command?.[0] === 'worker');
    const words = workers.flatMap(({ command }) => command ?? []).flatMap((word) => word.split('='));
    const roles = words.filter((word) => word !== 'worker' && word !== '--role');
    expect(roles.toSorted()).toEqual(workerRoles.filter((role) => role !== 'backup').toSorted());
  });

  it('checks the health of every service, ours by the image', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      if (service.image === 'sdp-server') continue;
      expect(service.healthcheck?.test.length, name).toBeGreaterThan(1);
    }
    expect(dockerfile).toContain('\nHEALTHCHECK ');
  });

  it('starts ours only once what they need is healthy', () => {
    for (const service of Object.values(compose.services).filter(({ image }) => image === 'sdp-server')) {
      expect(service.depends_on).toEqual({
        postgres: { condition: 'service_healthy' },
        kafka: { condition: 'service_healthy' },
      });
    }
  });

  it('publishes ports to this machine only and holds no secret', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      for (const [variable, value] of Object.entries(service.environment)) {
        if (/KEY$|PASSWORD/.test(variable)) expect(value, variable).toMatch(/^\$\{[A-Z_]+:\?/);
      }
    }
  });

  it('takes every variable that it needs from the example file', () => {
    const example = read('infra/.env.example');
    for (const [, variable] of read('infra/docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)) {
      expect(example).toMatch(new RegExp(`^${variable}=`, 'm'));
    }
  });

  it('runs the Kafka that the tests run', () => {
    const tested = /<kafka\.version>([\d.]+)</.exec(read('infra/kafka/pom.xml'))?.[1];
    expect(compose.services['kafka']?.image).toBe(`apache/kafka:${tested}`);
  });

  it('sets only variables that the server reads', () => {
    const settings = globSync('server/src/{settings,processes}/**/*.ts', { cwd: root }).map(read).join('\n');
    for (const variable of Object.keys(compose.services['api']?.environment ?? {})) {
      expect(settings, variable).toContain(variable);
    }
  });
});

describe('Dockerfile', () => {
  it('copies only what is there', () => {
    const built = /(^|\/)(dist|node_modules)$/;
    for (const [, from, sources] of dockerfile.matchAll(/^COPY (?:--from=(\S+) )?(.+) \S+$/gm)) {
      for (const source of (sources ?? '').split(' ')) {
        const path = source.replace(/^\/src\//, '');
        if (from && built.test(path)) continue;
        expect(existsSync(join(root, path)), path).toBe(true);
      }
    }
  });

  it('runs as an ordinary user, on the Node that the project pins, without install scripts', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect([...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major)).toEqual(['24', '24', '24']);
    for (const [line] of dockerfile.matchAll(/npm ci.*/g)) expect(line).toContain('--ignore-scripts');
  });

  it('keeps keys, vaults and dependencies out of the build context', () => {
    const ignored = read('.dockerignore').split('\n');
    for (const pattern of ['**/node_modules', '**/*.key', '**/*.db', '.git', '**/.env'])
      expect(ignored).toContain(pattern);
  });
});
