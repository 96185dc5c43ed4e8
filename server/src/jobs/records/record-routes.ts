import type { RecordHistory, RecordList } from '@sdp/shared/contracts';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { RecordAudit } from '../../audit/index.ts';
import { type RecordLimits, readRecordEdit } from '../../batches/index.ts';
import { named, principalOf } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { findRecords, type VersionStore } from '../../records/index.ts';
import { actorOf } from '../actor.ts';
import { readJsonRequest } from '../json-request.ts';
import { type Jobs, parseJobId, parseRecordId } from '../opened-job.ts';
import { parsed } from '../parsed.ts';
import { presentRecord } from '../present.ts';
import { assertMatches, versionTag } from './if-match.ts';
import { cursorInvalid, decodeRecordCursor, encodeRecordCursor } from './record-cursor.ts';
import { readSearch } from './search-request-rules.ts';
import { tamperedRecord } from './tampered-record.ts';

export interface RecordRoutesOptions {
  readonly jobs: Jobs;
  readonly versions: VersionStore;
  readonly recordAudit: RecordAudit;
  readonly limits: RecordLimits;
  readonly guard: Guard;
}

/** Long enough for the longest name and the longest value that is indexed. */
const filterSchema = z.string().max(1_500);
const maxFilters = 8;

export const recordListQuerySchema = z
  .strictObject({
    filter: z
      .union([filterSchema.transform((text) => [text]), z.array(filterSchema).max(maxFilters)])
      .default([])
      .meta({
        description: 'column:comparison:value, comparison being eq, lt, le, gt or ge; may be given several times',
      }),
    search: filterSchema
      .optional()
      .meta({ description: 'A value that stands in any of the columns that can be searched' }),
    sort: z.string().max(256).optional().meta({ description: 'A column declared with range' }),
    order: z.enum(['asc', 'desc']).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: z.string().max(3_000).optional(),
  })
  .refine(({ sort, order }) => order === undefined || sort !== undefined, {
    message: 'goes with sort',
    path: ['order'],
  });

export const historyQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional(),
});

/** Records: found, read, and given new versions. */
export function recordRoutes(options: RecordRoutesOptions): Router {
  const { jobs, versions, guard } = options;
  const router = Router();

  const list = '/api/v1/jobs/:jobId/records';
  router.get(list, named(list), ...guard('records:read'), async (request, response) => {
    const jobId = parseJobId(request.params['jobId']);
    const { filter, search, sort, order, limit, cursor } = parsed(recordListQuerySchema, request.query);
    const asked = JSON.stringify([jobId, filter, search, sort, order]);
    const after = cursor === undefined ? undefined : decodeRecordCursor(asked, cursor);
    const answer = await jobs.reading(principalOf(response), async (tx): Promise<RecordList> => {
      const { batch, recorded, index } = await jobs.open(tx, jobId);
      const wanted = readSearch({ filters: filter, search, sort, descending: order === 'desc' }, index);
      const { conditions } = wanted;
      const query = { batchId: jobId, conditions, sort: wanted.sort, after, limit: limit + 1 };
      const found = await findRecords(tx, query);
      const stray = found.find(({ seq }) => seq > batch.recordCount);
      if (stray) throw tamperedRecord(jobId, stray.seq);
      const page = found.slice(0, limit);
      const records = await versions.current(
        tx,
        recorded,
        page.map(({ seq }) => seq),
      );
      // What the index says of a record that says otherwise itself was put there by somebody else.
      const impostor = records.find(({ cells }) => !wanted.matches(cells));
      if (impostor) throw tamperedRecord(jobId, impostor.seq);
      if (conditions.length === 0 && wanted.sort === undefined)
        assertNoGap(jobId, after?.seq ?? 0, page, batch.recordCount, limit);
      const last = page.at(-1);
      return {
        records: records.map((record) => presentRecord(batch, record)),
        next_cursor: found.length > page.length && last ? encodeRecordCursor(asked, last) : null,
      };
    });
    response.json(answer);
  });

  const one = '/api/v1/records/:recordId';
  router.get(one, named(one), ...guard('records:read'), async (request, response) => {
    const place = parseRecordId(request.params['recordId']);
    const record = await jobs.reading(principalOf(response), async (tx) => {
      const { batch, recorded } = await jobs.openAt(tx, place);
      const [current] = await versions.current(tx, recorded, [place.seq]);
      if (current === undefined) throw tamperedRecord(place.jobId, place.seq);
      return presentRecord(batch, current);
    });
    response.set('ETag', versionTag(record.version)).json(record);
  });

  const history = '/api/v1/records/:recordId/history';
  router.get(history, named(history), ...guard('records:read'), async (request, response) => {
    const place = parseRecordId(request.params['recordId']);
    const { limit, cursor } = parsed(historyQuerySchema, request.query);
    const below = cursor === undefined ? undefined : Number(cursor);
    if (below !== undefined && (below < 2 || below > 2 ** 31 - 1)) throw cursorInvalid();
    const answer = await jobs.reading(principalOf(response), async (tx): Promise<RecordHistory> => {
      const { batch, recorded } = await jobs.openAt(tx, place);
      const page = await versions.history(tx, recorded, place.seq, { below, limit });
      const last = page.at(-1)?.version ?? 1;
      return {
        versions: page.map((version) => presentRecord(batch, version)),
        next_cursor: last > 1 ? String(last) : null,
      };
    });
    response.json(answer);
  });

  router.put(one, named(one), ...guard('records:write'), (request, response) => putRecord(options, request, response));
  return router;
}

/** Without conditions all records come, so none may be missing between them. */
function assertNoGap(
  jobId: string,
  after: number,
  page: readonly { readonly seq: number }[],
  recordCount: number,
  limit: number,
): void {
  const expected = Math.min(limit, Math.max(0, recordCount - after));
  const gap = page.findIndex(({ seq }, i) => seq !== after + 1 + i);
  if (gap >= 0 || page.length !== expected) throw tamperedRecord(jobId, after + 1 + (gap >= 0 ? gap : page.length));
}

async function putRecord(options: RecordRoutesOptions, request: Request, response: Response): Promise<void> {
  const { jobs, versions, recordAudit, limits } = options;
  const principal = principalOf(response);
  const place = parseRecordId(request.params['recordId']);
  const body = readJsonRequest(request);
  const job = await jobs.reading(principal, (tx) => jobs.openAt(tx, place));
  const ifMatch = request.get('if-match');
  if (ifMatch === undefined) assertMatches(ifMatch, 0);
  const { entry, reason } = await readRecordEdit(body, job.batch, limits);
  const record = await jobs.writing(principal, async (tx) => {
    const { batch, recorded, index } = await jobs.openAt(tx, place);
    const [present] = await versions.current(tx, recorded, [place.seq]);
    if (present === undefined) throw tamperedRecord(place.jobId, place.seq);
    assertMatches(ifMatch, present.version);
    const author = actorOf(principal);
    const edit = { base: present.version, entry, author, reason, proposalId: null };
    const version = await versions.add(tx, recorded, index, place.seq, edit);
    await recordAudit(tx, {
      actor: author,
      action: 'record.edited',
      subject: `${place.jobId}.${place.seq}`,
      clientId: batch.clientId,
      detail: { version: version.version },
    });
    return presentRecord(batch, version);
  });
  response.set('ETag', versionTag(record.version)).json(record);
}
