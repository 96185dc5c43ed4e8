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
  return (value) => {
    const number = parsePhoneNumberFromString(value, options);
    if (!number?.isPossible()) return value;
    return number.ext === undefined ? number.number : `${number.number};ext=${number.ext}`;
  };
}
