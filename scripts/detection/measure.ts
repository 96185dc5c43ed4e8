import { tallyValueCases, valueCasesPath } from '../../shared/test/detection/identifiers/value-cases.ts';

/** Prints how identifiers are found in the value cases of the test data, entity by entity, and what is missed. */
const tallies = tallyValueCases();
const share = (part: number, rest: number) => (part + rest === 0 ? '–' : (part / (part + rest)).toFixed(2));
const total = { hits: 0, missed: 0, wrong: 0 };

console.log(`${valueCasesPath}\n\n| entity | found | missed | false | precision | recall |\n|---|--:|--:|--:|--:|--:|`);
for (const { entity, hits, missed, wrong } of tallies) {
  total.hits += hits;
  total.missed += missed.length;
  total.wrong += wrong.length;
  const shares = `${share(hits, wrong.length)} | ${share(hits, missed.length)}`;
  console.log(`| ${entity} | ${hits} | ${missed.length} | ${wrong.length} | ${shares} |`);
}
const shares = `${share(total.hits, total.wrong)} | ${share(total.hits, total.missed)}`;
console.log(`| all | ${total.hits} | ${total.missed} | ${total.wrong} | ${shares} |\n`);
for (const { entity, missed, wrong } of tallies) {
  for (const text of missed) console.log(`missed ${entity}: ${text}`);
  for (const text of wrong) console.log(`false ${entity}: ${text}`);
}
