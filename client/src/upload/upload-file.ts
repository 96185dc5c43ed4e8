import {
  type ColumnMethod,
  type Declaration,
  type ProcessingType,
  type ProcessResponse,
  processResponseSchema,
  sourceTableSchema,
} from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import type { CsvOptions } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';
import type { Terminal } from '../terminal/index.ts';
import { type ApiClient, invalidResponse } from './api-client.ts';
import { declaredMethodCheck, undeclaredColumnsCheck } from './column-checks.ts';
import { assertKnownColumns, columnsDeclaredByUser, type UploadColumn } from './declared-columns.ts';
import { type Compression, encodeBody } from './encode-body.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { type Inspection, inspectFile, type RowCheck } from './inspect-file.ts';
import { answeredByManifest, assertNoRawData } from './judge-findings.ts';
import { metadataHeaders } from './metadata-headers.ts';
import { columnsInParams } from './params.ts';
import { checkServer, chooseCompression } from './preflight.ts';
import {
  assertManifestFits,
  columnsOfManifest,
  csvOptionsOf,
  type KeyRing,
  type Provenance,
  verifyProvenance,
} from './provenance.ts';

export interface UploadRequest {
  /** Opens the file anew for each pass over it. */
  readonly openFile: () => Promise<InputFile>;
  readonly clientId: string;
  readonly processingType: ProcessingType;
  readonly params: Readonly<Record<string, unknown>>;
  readonly keyColumn: string | undefined;
  readonly provenance: Provenance;
  /** Instead of the manifest's. */
  readonly sourceTable: string | undefined;
  readonly declareSafe: readonly string[];
  readonly csv: CsvOptions;
  readonly compression: Compression | undefined;
  /** Instead of the derived one. */
  readonly idempotencyKey: string | undefined;
}

/** A batch that the server has accepted, and what was sent. */
export interface Upload {
  readonly response: ProcessResponse;
  readonly inspection: Inspection;
  readonly columns: readonly UploadColumn[];
  readonly keyColumn: string;
  /** Who named the key column; nobody, and so it is the first one. */
  readonly keyColumnFrom: KeyColumnSource;
  /** Columns whose finds the user answered, or the manifest. */
  readonly declaredSafe: readonly string[];
  readonly compression: Compression;
}

export type KeyColumnSource = 'user' | 'manifest' | 'nobody';

/** A file that passed every check on this side. */
type CheckedFile = Pick<Upload, 'inspection' | 'columns' | 'keyColumn' | 'keyColumnFrom' | 'declaredSafe'>;

/**
 * Checks the whole file, then the server, then sends: nothing leaves before the last cell was looked at, and what leaves
 * is what was looked at.
 */
export async function uploadFile(
  request: UploadRequest,
  { client, keys, terminal }: { readonly client: ApiClient; readonly keys: KeyRing; readonly terminal: Terminal },
): Promise<Upload> {
  const { provenance, clientId, processingType, params } = request;
  const sourceTable = sourceTableOf(request);
  await verifyProvenance(provenance, keys.vault);
  const csv = csvOptionsOf(provenance, request.csv);
  const file = await checkFile(request, csv, keys, terminal);
  const { inspection, columns, keyColumn, declaredSafe } = file;

  const info = await checkServer(client, {
    clientId,
    processingType,
    records: inspection.rows,
    declaredSafe,
    keyFingerprints: keys.fingerprints,
  });
  const compression = chooseCompression(request.compression, info);
  const declaration: Declaration = {
    source: provenance.source,
    ...(sourceTable !== undefined && { source_table: sourceTable }),
    columns: columns.map(({ name, method }) => ({ name, method })),
    declared_safe: [...declaredSafe],
  };
  const identity = {
    fileSha256: inspection.sha256,
    serverUrl: client.serverUrl,
    clientId,
    processingType,
    keyColumn,
    params,
  };
  const progress = terminal.progress('uploading', { total: inspection.bytes, unit: 'bytes' });
  try {
    const response = await client.postStream(
      '/api/v1/process',
      {
        contentType: 'text/csv; charset=utf-8; header=present',
        headers: {
          ...metadataHeaders({ clientId, processingType, keyColumn, params, declaration }),
          ...(compression === 'none' ? {} : { 'content-encoding': compression }),
          'idempotency-key': request.idempotencyKey ?? idempotencyKey({ ...identity, declaration }, keys.vault),
        },
        open: () => encodeBody(request.openFile, csv, inspection, compression, (bytes) => progress.update(bytes)),
      },
      processResponseSchema,
    );
    if (response.accepted_records !== inspection.rows) {
      throw invalidResponse('The server accepted another number of records than were sent');
    }
    return { response, ...file, compression };
  } finally {
    progress.stop();
  }
}

async function checkFile(
  request: UploadRequest,
  csv: CsvOptions,
  keys: KeyRing,
  terminal: Terminal,
): Promise<CheckedFile> {
  const { provenance } = request;
  let columns: UploadColumn[] = [];
  let finishChecks: () => void = () => undefined;
  const { source, sizeBytes } = await request.openFile();
  const progress = terminal.progress('checking', {
    unit: 'bytes',
    ...(sizeBytes === undefined ? {} : { total: sizeBytes }),
  });
  try {
    const inspection = await inspectFile(
      source,
      csv,
      (header) => {
        assertKnownColumns(header, request.declareSafe, '--declare-safe');
        assertKnownColumns(header, columnsInParams(request.params), '--param');
        if (request.keyColumn !== undefined) assertKnownColumns(header, [request.keyColumn], '--key-column');
        if (provenance.source === 'manifest') {
          columns = columnsOfManifest(provenance.manifest);
          return [];
        }
        // Detection still runs, so that raw data is named where it stands instead of only being refused.
        if (provenance.declared.size === 0) return [];
        columns = columnsDeclaredByUser(header, provenance.declared);
        const checks = userChecks(header, columns, provenance.declared, keys);
        finishChecks = checks.finish;
        return checks.rows;
      },
      (_rows, bytes) => progress.update(bytes),
    );
    if (provenance.source === 'manifest') assertManifestFits(provenance.manifest, inspection);
    const answered = provenance.source === 'manifest' ? answeredByManifest(inspection.findings, columns) : [];
    const declaredSafe = [...new Set([...request.declareSafe, ...answered])];
    assertNoRawData(inspection.findings, new Set(declaredSafe));
    finishChecks();
    if (provenance.source === 'user' && provenance.declared.size === 0) throw new InputError('columns-undeclared');
    return {
      inspection,
      columns,
      ...keyColumnOf(request, inspection.columns),
      declaredSafe,
    };
  } finally {
    progress.stop();
  }
}

function userChecks(
  header: readonly string[],
  columns: readonly UploadColumn[],
  declared: ReadonlyMap<string, ColumnMethod>,
  keys: KeyRing,
): { readonly rows: readonly RowCheck[]; readonly finish: () => void } {
  const undeclared = undeclaredColumnsCheck(header, declared);
  return { rows: [declaredMethodCheck(columns, keys.vault), undeclared], finish: undeclared.finish };
}

/** A manifest's name that the server wouldn't take stays here. */
function sourceTableOf({ sourceTable, provenance }: UploadRequest): string | undefined {
  if (sourceTable !== undefined || provenance.source !== 'manifest') return sourceTable;
  return sourceTableSchema.safeParse(provenance.manifest.source_table).data;
}

/** What the user says, else the manifest, else the first column. */
function keyColumnOf(
  { keyColumn, provenance }: UploadRequest,
  header: readonly string[],
): Pick<Upload, 'keyColumn' | 'keyColumnFrom'> {
  if (keyColumn !== undefined) return { keyColumn, keyColumnFrom: 'user' };
  const fromManifest = provenance.source === 'manifest' ? provenance.manifest.key_column : null;
  if (fromManifest !== null && header.includes(fromManifest)) {
    return { keyColumn: fromManifest, keyColumnFrom: 'manifest' };
  }
  return { keyColumn: header[0] as string, keyColumnFrom: 'nobody' };
}
