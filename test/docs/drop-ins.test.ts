/** What the pages have an admin put into a drop-in of the unit, judged by systemd. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { tempDir } from '../temp-dir.ts';
import { PAGES } from './page.ts';

const EDITED = PAGES.flatMap(({ blocks }) => blocks).flatMap(
  (block) => block.match(/(?<=^systemctl edit relaypass +# \[Service\] ).*/gm) ?? [],
);
const NAMED = PAGES.flatMap(({ spans }) => spans).filter((span) => /^[A-Z][A-Za-z]+=/.test(span));
const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 ? test : test.skip;

test('the pages have drop-ins', () => {
  expect([EDITED.length, NAMED.length].every((count) => count > 1)).toBe(true);
});

withSystemd.each([...new Set([...EDITED, ...NAMED])])('systemd takes %s into the service', (setting) => {
  const folder = tempDir();
  const unit = path.join(folder, 'relaypass.service');
  copyFileSync('systemd/relaypass.service', unit);
  mkdirSync(`${unit}.d`);
  writeFileSync(path.join(`${unit}.d`, 'override.conf'), `[Service]\n${setting}\n`);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
