import { classOf } from './column-type.ts';
import type { ColumnView, Judgement } from './column-view.ts';
import { embedded } from './judge-embedded.ts';
import { judgeNamed } from './judge-named.ts';
import { judgeShown } from './judge-shown.ts';
import { judgeSparse } from './judge-sparse.ts';
import { judgeValues } from './judge-values.ts';

/** Judges a column by its name and its values. */
export function judgeColumn(view: ColumnView): Judgement {
  const judged = judgeWhole(view);
  return judgeSparse(view, judged) ?? judged;
}

function judgeWhole(view: ColumnView): Judgement {
  const { facts } = view;
  if (facts.filled === 0) return emptyJudgement(view);
  const shown = judgeShown(view);
  if (shown !== undefined) return shown;
  const named = judgeNamed(view);
  if (named !== undefined) {
    const kindOfData = classOf(named.type);
    // A city with an e-mail address in it is more than a city.
    const inside = kindOfData === 'direct' || kindOfData === 'text' ? undefined : embedded(view, true);
    return inside ?? named;
  }
  return judgeValues(view);
}

function emptyJudgement({ reading }: ColumnView): Judgement {
  const type = reading.type;
  if (
    type !== undefined &&
    !reading.about &&
    type !== 'name' &&
    type !== 'address' &&
    type !== 'identity_number' &&
    classOf(type) === 'direct'
  ) {
    return { type, confidence: 0.5, evidence: ['the name says so; no cell of the sample is filled'] };
  }
  return { type: 'empty', confidence: 1, evidence: ['no cell of the sample is filled'] };
}
