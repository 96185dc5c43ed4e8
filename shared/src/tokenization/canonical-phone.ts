import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';

/** Whether a country has telephone numbers of its own, by its ISO 3166-1 alpha-2 code in capitals. */
export function isPhoneRegion(region: string): boolean {
  return isSupportedCountry(region);
}

/**
 * From the spellings of a telephone number to one: ITU-T E.164, with an extension behind `;ext=` as in RFC 3966. What
 * isn't a number of a possible length stays as it is, so that different texts never become one.
 *
 * Which lengths and prefixes a country has comes with the library's metadata; its version is pinned, since another one
 * may read a number differently and so change its token.
 *
 * @param region whose numbers may stand without a calling code; without it only international numbers are known
 */
export function canonicalPhone(region?: string): (value: string) => string {
  const options = {
    // The text as a whole, not a number somewhere in it.
    extract: false,
    ...(region === undefined ? {} : { defaultCountry: region as CountryCode }),
  };
  const e164Of = (text: string) => {
    const number = parsePhoneNumberFromString(text, options);
    return number?.isPossible() ? { number: number.number, ext: number.ext } : undefined;
  };
  return (value) => {
    const read = e164Of(value);
    if (read === undefined || read.number === value) return value;
    // Some countries' prefixes can be taken off again and again; a number that reads as another one is none.
    if (e164Of(read.number)?.number !== read.number) return value;
    return read.ext === undefined ? read.number : `${read.number};ext=${read.ext}`;
  };
}
