import { deriveKey, hmacHex, lengthPrefixed, type MasterKey } from '@sdp/shared/crypto';
import { IntegrityError, RejectedError } from '@sdp/shared/errors';
import { isUniqueViolation, type Pool, query, sqlStateOf } from '../../database/index.ts';
import type { Deployment, RecordedDeployment } from './deployment.ts';
import type { Plan } from './deployment-rules.ts';

export interface DeploymentStore {
  /** @throws {IntegrityError} `deployment-tampered` */
  latest(): Promise<RecordedDeployment | undefined>;
  /** @throws {IntegrityError} `deployment-tampered` */
  find(generation: number): Promise<RecordedDeployment | undefined>;
  /** All, the newest first; the whole chain is checked. @throws {IntegrityError} `deployment-tampered` */
  history(): Promise<readonly RecordedDeployment[]>;
  /**
   * Adds the generation after `expected` (0: the first one), unless somebody else has.
   *
   * @throws {RejectedError} `deployment-changed`; `model-unknown` for versions that aren't stored
   */
  record(expected: number, plan: Plan, by: { readonly reason: string; readonly madeBy: string }): Promise<Deployment>;
}

interface Row {
  readonly generation: string;
  readonly champion: string;
  readonly challenger: string | null;
  readonly challenger_share: number | null;
  readonly shadow: string | null;
  readonly salt: string;
  readonly rollback_to: string | null;
  readonly kind: Deployment['kind'];
  readonly reason: string;
  readonly made_by: string;
  readonly made_at: Date;
  readonly hmac: Buffer;
  readonly previous_hmac: Buffer | null;
}

const selectRows = `
  SELECT d.*, p.hmac AS previous_hmac
    FROM model_deployment d LEFT JOIN model_deployment p ON p.generation = d.generation - 1`;

/** Deployments in PostgreSQL: each row authenticated under the server's key together with the one before it. */
export function createDeploymentStore(pool: Pool, serverKey: MasterKey, now = () => new Date()): DeploymentStore {
  const key = deriveKey(serverKey, 'model-deployment-v1');
  const digest = (recorded: RecordedDeployment, previous: Buffer | null): Buffer =>
    Buffer.from(hmacHex(key, rowBytes(recorded, previous)), 'hex');

  const read = (row: Row): RecordedDeployment => {
    const recorded = fromRow(row);
    const isFirst = recorded.deployment.generation === 1;
    if (isFirst !== (row.previous_hmac === null) || !digest(recorded, row.previous_hmac).equals(row.hmac)) {
      throw new IntegrityError('deployment-tampered');
    }
    return recorded;
  };
  const all = async (clause: string, values: readonly unknown[]) =>
    (await query<Row>(pool, `${selectRows} ${clause}`, values)).rows.map(read);

  return {
    latest: async () => (await all('ORDER BY d.generation DESC LIMIT 1', []))[0],
    find: async (generation) => (await all('WHERE d.generation = $1', [generation]))[0],
    history: () => all('ORDER BY d.generation DESC', []),
    async record(expected, plan, { reason, madeBy }) {
      const deployment: Deployment = { ...plan, generation: expected + 1, made_ms: now().getTime() };
      const recorded = { deployment, reason, madeBy };
      const { rows } = await query<{ hmac: Buffer }>(pool, 'SELECT hmac FROM model_deployment WHERE generation = $1', [
        expected,
      ]);
      const previous = rows[0]?.hmac ?? null;
      if ((previous === null) !== (expected === 0)) throw new RejectedError('deployment-changed');
      try {
        await query(
          pool,
          `INSERT INTO model_deployment (generation, champion, challenger, challenger_share, shadow, salt, rollback_to, kind,
                                         reason, made_by, made_at, hmac)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
          [
            deployment.generation,
            deployment.champion,
            deployment.challenger?.version ?? null,
            deployment.challenger?.share ?? null,
            deployment.shadow ?? null,
            deployment.salt,
            deployment.rollback_to ?? null,
            deployment.kind,
            reason,
            madeBy,
            new Date(deployment.made_ms),
            digest(recorded, previous),
          ],
        );
      } catch (error) {
        if (isUniqueViolation(error)) throw new RejectedError('deployment-changed');
        if (sqlStateOf(error) === foreignKeyViolation) throw new RejectedError('model-unknown');
        throw error;
      }
      return deployment;
    },
  };
}

const foreignKeyViolation = '23503';

function fromRow(row: Row): RecordedDeployment {
  const { challenger, challenger_share: share } = row;
  const deployment: Deployment = {
    generation: Number(row.generation),
    champion: row.champion,
    ...(challenger !== null && share !== null && { challenger: { version: challenger, share } }),
    ...(row.shadow !== null && { shadow: row.shadow }),
    salt: row.salt,
    ...(row.rollback_to !== null && { rollback_to: Number(row.rollback_to) }),
    kind: row.kind,
    made_ms: row.made_at.getTime(),
  };
  return { deployment, reason: row.reason, madeBy: row.made_by };
}

/** What a row's HMAC is over. An absent version is empty, which no version is. */
function rowBytes({ deployment, reason, madeBy }: RecordedDeployment, previous: Buffer | null): Buffer {
  const { generation, champion, challenger, shadow = '', salt, rollback_to = 0, kind, made_ms } = deployment;
  return lengthPrefixed(
    'sdp-model-deployment-v1',
    generation,
    champion,
    challenger?.version ?? '',
    challenger?.share ?? 0,
    shadow,
    salt,
    rollback_to,
    kind,
    reason,
    madeBy,
    made_ms,
    previous ?? '',
  );
}
