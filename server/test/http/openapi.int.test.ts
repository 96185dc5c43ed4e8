import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';

interface Operation {
  readonly parameters?: {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
  }[];
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, unknown> }>;
  readonly security?: unknown[];
}
interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: Record<string, object> };
}

let server: RunningServer;
let document: OpenApi;
beforeAll(async () => {
  server = await startServer({ roles: ['anomaly'] });
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;
});
afterAll(() => server.stop());

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const [, section, kind, name] = reference?.split('/') ?? [];
      expect([section, kind]).toEqual(['components', 'schemas']);
      expect(document.components.schemas).toHaveProperty([name ?? '']);
    }
  });

  it('declares what is in each path, and an answer and a key for each operation', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const [method, operation] of Object.entries(operations)) {
        const declared = (operation.parameters ?? []).filter((each) => each.in === 'path');
        expect(declared.map(({ name }) => name)).toEqual(inPath);
        expect(declared.every(({ required }) => required)).toBe(true);
        expect(Object.keys(operation.responses)).toContainEqual(expect.stringMatching(/^20[014]$/));
        const needsKey = operation.security === undefined;
        const opensSession = path === '/api/v1/session' && method === 'post';
        expect(needsKey).toBe((path.startsWith('/api/') && !opensSession) || path.startsWith('/dev/'));
        if (needsKey) expect(operation.responses).toHaveProperty('401');
      }
    }
  });

  it('names every route there is, and no other', async () => {
    server.log.length = 0;
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations)) {
        const response = await server.fetch(path.replace(/\{\w+\}/, '0'), { method: method.toUpperCase() });
        // A stream would go on for ever.
        await response.body?.cancel();
      }
    }
    const answered = new Set(
      server.log
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === 'request done')
        .map(({ route }) => route),
    );
    const pattern = (path: string) => path.replace(/\{(\w+?)_id\}/, (_, name: string) => `:${name}Id`);
    expect(answered).toEqual(new Set(Object.keys(document.paths).map(pattern)));
  });
});

describe('/metrics', () => {
  it('uses labels from closed lists, whatever was asked for', async () => {
    await server.fetch('/api/v1/batches/jane@example.com');
    await server.fetch('/no/such/path');
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).not.toMatch(/jane|no\/such/);
    expect(text).toContain('route="unmatched"');
    expect(text).toContain('sdp_uploads_refused_total{reason="pii"} 0');
    expect(text).toContain('sdp_outbox_messages');
  });
});

describe('the probes', () => {
  it('answer without a key, with exactly what was agreed', async () => {
    for (const path of ['/health', '/healthz']) {
      const response = await fetch(server.url + path);
      expect(await response.json()).toEqual({ status: 'ok', service: 'ingestion_api' });
    }
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({
      status: 'ready',
      dependencies: { database: { status: 'up' }, bus: { status: 'up' }, messages: { status: 'up' } },
    });
  });
});
