import type { Role } from '../../src/identity/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import type { RunningServer } from '../support/running-server.ts';

/** Somebody with a key of a role, asking the API. */
export interface Person {
  readonly keyId: string;
  readonly key: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** With its body read as JSON. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all routes, which the contracts' schemas are for
  readonly body: any;
}

/** @param tenants of a Client the one client it is */
export async function person(
  server: RunningServer,
  role: Role,
  tenants: readonly string[] | '*' = ['acme'],
  options: { readonly allowDeclaredSafe?: boolean } = {},
): Promise<Person> {
  const base = { label: '', scopes: defaultScopesOf(role), allowDeclaredSafe: options.allowDeclaredSafe ?? false };
  const { keyId, text: key } = await server.keys.create(
    role === 'Client' ? { ...base, role, clientId: String(tenants[0]) } : { ...base, role, tenants },
  );
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, { ...init, headers: { 'X-API-Key': key, ...(init.headers as object) } });
  return {
    keyId,
    key,
    fetch: ask,
    async ask(path, init) {
      const response = await ask(path, init);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}

export interface UploadParts {
  readonly csv: string;
  readonly index?: Readonly<Record<string, 'equal' | 'range'>>;
  readonly fields?: Readonly<Record<string, string>>;
}

export function uploadForm({ csv, index, fields }: UploadParts): FormData {
  const form = new FormData();
  form.set('processing_type', 'anomaly_detection');
  if (index) form.set('index', JSON.stringify(index));
  for (const [name, value] of Object.entries(fields ?? {})) form.set(name, value);
  form.set('file', new Blob([csv], { type: 'text/csv' }), 'records.csv');
  return form;
}

/** @returns the job's id */
export async function uploaded(who: Person, parts: UploadParts, headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await who.ask('/api/v1/jobs/upload', { method: 'POST', body: uploadForm(parts), headers });
  if (status !== 201) throw new Error(`the upload was refused: ${body.code} ${JSON.stringify(body.findings)}`);
  return body.job_id;
}

export function jsonBody(value: unknown, headers: Record<string, string> = {}): RequestInit {
  return { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function edit(values: unknown, ifMatch: string | undefined, reason = 'typing error'): RequestInit {
  const headers = ifMatch === undefined ? undefined : { 'If-Match': ifMatch };
  return { method: 'PUT', ...jsonBody({ values, reason }, headers) };
}
