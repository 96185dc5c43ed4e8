import type { DecidedTransaction } from '@sdp/shared/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { DecisionBoard } from '../../src/transactions/intake/decision-board.ts';
import type { StoredTransaction, TransactionName } from '../../src/transactions/store/transaction-store.ts';

const name = { clientId: 'acme', transactionId: 't-1' };
const decided = (model_version: string): DecidedTransaction => ({
  ...{
    transaction_id: 't-1',
    status: 'DECIDED',
    decision: 'APPROVE',
    score: 0,
    model_version,
    reasons: [],
    late: false,
  },
  ...{ received_at: '2026-01-01T00:00:00.000Z', decided_at: '2026-01-01T00:00:00.000Z' },
});

let board: DecisionBoard;
let stored: DecidedTransaction | undefined;
let looks = 0;
function open(): DecisionBoard {
  stored = undefined;
  looks = 0;
  board = new DecisionBoard({
    find: async (names: readonly TransactionName[]) => {
      looks++;
      return names.map((each) => ({ ...each, ...(stored && { decided: stored }) }) as StoredTransaction);
    },
    onLookFailed: () => undefined,
    lookMs: 10,
  });
  return board;
}
afterEach(() => board.close());

describe('a decision', () => {
  it('is the first result of what this process has put on the bus', async () => {
    const expected = open().expect(name);
    board.onResult('acme', decided('first'));
    expected.markFirstHand();
    board.onResult('acme', decided('second'));
    expect((await expected.wait(1_000))?.model_version).toBe('first');
    expect(board.remembered(name)?.model_version).toBe('first');
    expected.release();
    expect(board.size).toBe(0);
  });

  it('is what the database says of what was put there before: a result may not be the first one', async () => {
    const expected = open().expect(name);
    board.onResult('acme', decided('second'));
    expect(await expected.wait(50)).toBeUndefined();
    stored = decided('first');
    expect((await expected.wait(1_000))?.model_version).toBe('first');
    expect(looks).toBeGreaterThan(0);
  });

  it('comes from the database where no result was seen', async () => {
    const expected = open().expect(name);
    expected.markFirstHand();
    stored = decided('stored');
    expect((await expected.wait(1_000))?.model_version).toBe('stored');
  });

  it('of another client’s transaction of the same id is not this one’s', async () => {
    const expected = open().expect(name);
    expected.markFirstHand();
    board.onResult('globex', decided('theirs'));
    expect(await expected.wait(5)).toBeUndefined();
  });

  it('reaches all who wait, and only the last one ends the waiting', async () => {
    const both = [open().expect(name), board.expect(name)];
    both[0]?.markFirstHand();
    const waiting = both.map((each) => each.wait(1_000));
    both[0]?.release();
    expect(board.size).toBe(1);
    board.onResult('acme', decided('one'));
    expect((await Promise.all(waiting)).map((each) => each?.model_version)).toEqual(['one', 'one']);
    both[1]?.release();
    expect(board.size).toBe(0);
  });
});
