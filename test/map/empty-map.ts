import { inflateRawSync } from 'node:zlib';

/** What makemap of Sendmail 8.17 with libdb 5.3 makes of `relaypass:probe DUNNO`: two buckets, pages of 4096 bytes. */
export const EMPTY_MAP = inflateRawSync(
  Buffer.from(
    '7dkhDsJAEIXhtxUERLNr8D0HGoUohlqSJWmCIKFpFYfgKlyiJ+gRsFXoCkKgaUIWBA5I/k/tjFgx7s1IklHPT0ea3B9O0rjvRfqMefrnUTup' +
      'OW7XYR8AAAAAAHxHmNEjtVbxxbaW2QAAAAAA8Gcpf56l6dKU+c4fCl9Vs6Lcb/Ih/wd3fqd42AW8SupEukrnujutFu93COL+DwAAAADAz7gB',
    'base64',
  ),
);
