import { describe, expect, it } from 'vitest';
import { isPrivateLiteral, isPublicAddress, publicLookup } from '../../../src/alerts/channels/public-address.ts';

describe('an address', () => {
  it.each([
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.255',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...['192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::'],
    ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', 'localhost', ''],
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '192.169.0.1', '2606:4700:4700::1111', '2a00:1450::1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each(['http://127.1/', 'http://2130706433/', 'http://0x7f.0.0.1/', 'http://[::1]/', 'http://[::ffff:7f00:1]/'])(
    'is recognized however %s writes it',
    (url) => {
      expect(isPrivateLiteral(new URL(url))).toBe(true);
    },
  );

  it('is looked at where a name leads to it', async () => {
    const error = await new Promise((resolve) =>
      publicLookup('localhost', { all: true }, (failure) => resolve(failure)),
    );
    expect(error).toMatchObject({ code: 'private-address' });
  });
});
