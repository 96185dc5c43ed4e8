import { describe, expect, it } from 'vitest';
import type { Deployment } from '../../../src/models/index.ts';
import { promotion, restoration, withdrawal } from '../../../src/models/index.ts';

const first: Deployment = { generation: 1, champion: 'a', salt: '1'.repeat(32), kind: 'first', made_ms: 0 };
const compared: Deployment = {
  ...first,
  generation: 4,
  challenger: { version: 'b', share: 0.1 },
  shadow: 'c',
  rollback_to: 3,
  kind: 'promote',
};
const newSalt = '2'.repeat(32);
const refusal = expect.objectContaining({ code: 'usage-invalid' });

describe('a promotion', () => {
  it('to champion ends the comparison with the one before, and keeps the shadow', () => {
    expect(promotion(compared, { version: 'b', role: 'champion' }, newSalt)).toEqual({
      champion: 'b',
      shadow: 'c',
      salt: first.salt,
      rollback_to: 4,
      kind: 'promote',
    });
    expect(promotion(compared, { version: 'c', role: 'champion' }, newSalt).shadow).toBeUndefined();
    expect(promotion(compared, { version: 'a', role: 'champion' }, newSalt).challenger).toBeUndefined();
  });

  it('of a challenger draws a new split, and keeps it while its share changes', () => {
    const begun = promotion(first, { version: 'b', role: 'challenger' }, newSalt);
    expect(begun).toMatchObject({ champion: 'a', challenger: { version: 'b', share: 0.1 }, salt: newSalt });
    const more = promotion(compared, { version: 'b', role: 'challenger', share: 0.5 }, newSalt);
    expect(more).toMatchObject({ challenger: { version: 'b', share: 0.5 }, shadow: 'c', salt: first.salt });
    expect(promotion(compared, { version: 'c', role: 'challenger' }, newSalt).shadow).toBeUndefined();
  });

  it('is refused where nothing would change, or a model would be compared with itself', () => {
    expect(() => promotion(first, { version: 'a', role: 'champion' }, newSalt)).toThrow(refusal);
    expect(() => promotion(first, { version: 'a', role: 'challenger' }, newSalt)).toThrow(refusal);
    expect(() => promotion(first, { version: 'a', role: 'shadow' }, newSalt)).toThrow(refusal);
    expect(() => promotion(compared, { version: 'c', role: 'shadow' }, newSalt)).toThrow(refusal);
    expect(() => promotion(compared, { version: 'b', role: 'challenger', share: 0.1 }, newSalt)).toThrow(refusal);
    for (const share of [0, 1, -0.1, Number.NaN]) {
      expect(() => promotion(first, { version: 'b', role: 'challenger', share }, newSalt)).toThrow(refusal);
    }
  });
});

it('a withdrawal ends one of the two', () => {
  expect(withdrawal(compared, 'challenger')).toMatchObject({ champion: 'a', shadow: 'c', kind: 'withdraw' });
  expect(withdrawal(compared, 'shadow')).toMatchObject({ champion: 'a', challenger: { version: 'b' } });
  expect(() => withdrawal(first, 'shadow')).toThrow(refusal);
});

it('a restoration goes back one step, and its own way back goes on from there', () => {
  expect(restoration(compared, 'rollback')).toMatchObject({ challenger: { version: 'b' }, rollback_to: 3 });
  expect(restoration(first, 'rollback').rollback_to).toBeUndefined();
  expect(() => restoration(undefined, 'rollback')).toThrow(expect.objectContaining({ code: 'model-unknown' }));
});
