import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeakSearch } from '../support/leak-search.ts';
import { type Canaries, LeakRun } from './leak-run.ts';

interface Found {
  readonly place: string;
  readonly name: string;
  readonly value: number;
  readonly form: string;
}

/** What a search over all evidence came to. */
interface Searched {
  readonly found: readonly Found[];
  /** Bytes looked at, by place. */
  readonly bytes: ReadonlyMap<string, number>;
  readonly names: readonly string[];
}

async function searchAll(run: LeakRun, search: LeakSearch): Promise<Searched> {
  const found: Found[] = [];
  const bytes = new Map<string, number>();
  const names: string[] = [];
  for await (const evidence of run.evidence()) {
    const { place, name } = evidence;
    bytes.set(place, (bytes.get(place) ?? 0) + evidence.bytes.length);
    names.push(`${place}: ${name}`);
    for (const { value, form } of await search.search(place, evidence.bytes)) found.push({ place, name, value, form });
  }
  return { found, bytes, names };
}

/** What the leak tests check, on whichever bus. `brokers` is asked once the tests run. */
export function describeLeakTests(title: string, brokers: () => Promise<readonly string[] | undefined>): void {
  describe(title, () => {
    const canary = (name: string) => `canary-${name}-${randomBytes(9).toString('hex')}`;
    const canaries: Canaries = { anywhere: canary('anywhere'), kept: canary('kept'), process: canary('process') };
    let run: LeakRun;
    let clean: Searched;
    /** Index of the first key among the values searched for. */
    let keysFrom: number;

    beforeAll(async () => {
      run = await LeakRun.start(canaries, await brokers());
      const { product, planted } = run;
      const keyTexts = ['client.key', 'server.key'].map((name) => product.read(name).toString().trim());
      const keys = keyTexts.flatMap((text) => [text, Buffer.from(text, 'base64url')]);
      keysFrom = planted.needles.length;
      clean = await searchAll(run, new LeakSearch([...planted.needles, ...keys, product.apiKey]));
    }, 180_000);
    afterAll(() => run?.remove());

    it('plants values that the search knows in the raw file, in every row and column', async () => {
      const search = new LeakSearch(run.planted.needles);
      const text = run.planted.csv.toString();
      const all = new Set((await search.search('raw', Buffer.from(text))).map(({ value }) => value));
      const folded = [text.toLowerCase(), text.toUpperCase(), text.normalize('NFC'), text.normalize('NFD')];
      for (const variant of [...folded, text.replace(/[^\d\n,]/g, '')]) {
        for (const { value } of await search.search('raw', Buffer.from(variant))) all.add(value);
      }
      expect(run.planted.needles.length).toBeGreaterThan(100);
      expect(all.size).toBe(run.planted.needles.length);
    });

    it('finds no planted value in any place', () => {
      expect(clean.found.filter(({ value }) => value < keysFrom)).toEqual([]);
    });

    it('finds neither master key, nor the server’s, nor the API key outside its header', () => {
      expect(clean.found.filter(({ value }) => value >= keysFrom)).toEqual([]);
      expect(run.apiKeyHeaders()).toBeGreaterThan(2);
    });

    it('gave the raw values back where they belong', () => {
      const { product } = run;
      const isIn = (file: string, name: string) => expect(product.read(file).includes(name), file).toBe(true);
      for (const file of ['merged.csv', 'revealed.csv']) isIn(file, 'Quillermo Brasbyfield');
      isIn('merged.csv', 'GB33BUKB20201555555555');
    });

    it('looked into every place, and found something to look at', () => {
      // The server keeps no temporary files.
      const places = run.places().filter((place) => place !== 'server tmp');
      expect([...clean.bytes.keys()]).toEqual(expect.arrayContaining(places));
      for (const place of places) expect(clean.bytes.get(place), place).toBeGreaterThan(0);
    });

    it('looked into the write-ahead logs and the cluster’s files', () => {
      expect(clean.names.filter((name) => /^server files: .*pg_wal\/[0-9A-F]{24}$/.test(name)).length).toBeGreaterThan(
        0,
      );
      expect(clean.names.filter((name) => /^server files: .*\/base\/\d+\/\d+$/.test(name)).length).toBeGreaterThan(100);
      expect(clean.bytes.get('vault wal')).toBeGreaterThan(32_768);
    });

    describe('when canaries are leaked on purpose', () => {
      let leaked: Searched;
      const anywhere = 0;
      const kept = 1;
      const inProcess = 2;
      beforeAll(async () => {
        await run.plantCanaries();
        leaked = await searchAll(run, new LeakSearch([canaries.anywhere, canaries.kept, canaries.process]));
      }, 120_000);

      it('finds one in each place', () => {
        const found = new Set(leaked.found.filter(({ value }) => value !== kept).map(({ place }) => place));
        expect([...found].sort()).toEqual(run.places().sort());
        expect(leaked.found.some(({ value, place }) => value === anywhere && place === 'server files')).toBe(true);
        expect(leaked.found.some(({ value, place }) => value === inProcess && place === 'argv')).toBe(true);
      });

      it('finds a kept column in what is sent and in what the server’s key opens, and nowhere it is stored', () => {
        const places = new Set(leaked.found.filter(({ value }) => value === kept).map(({ place }) => place));
        expect([...places].sort()).toEqual(['http requests', 'http responses', 'records', 'results', 'tokenized']);
      });
    });
  });
}
