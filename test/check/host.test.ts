import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { CLI, TestHost } from '../relaypass-process.ts';

const UID = 54_321; // neither root nor the owner of the state folder
/** Where that user can read the program: a clone may lie in a folder of root's alone. */
const canBeOther = process.geteuid?.() === 0 && spawnSync('test', ['-r', CLI], { uid: UID, gid: UID }).status === 0;
const asOther = canBeOther ? test : test.skip;

function checkAsOther(host: TestHost): string {
  chmodSync(host.dir, 0o755);
  const args = [CLI, 'check', '--config', host.configFile];
  return spawnSync(process.execPath, args, { encoding: 'utf8', uid: UID, gid: UID }).stdout;
}

asOther('another user than the owner is told whom to run it as, and what was not read', () => {
  const host = new TestHost();
  const findings = checkAsOther(host);
  expect(findings).toContain('state: belongs to uid 0; run this as root or as that user\n');
  expect(findings).toContain('-> run this as root: sudo relaypass check\n');
  expect(findings).toContain('the logs, the store and the metrics were not looked at\n');
});

asOther('a configuration that the user may not read is no configuration in error', () => {
  const host = new TestHost();
  chmodSync(host.configFile, 0o600);
  const findings = checkAsOther(host);
  expect(findings).toContain(`${host.configFile}: cannot be read: EACCES`);
  expect(findings).toContain('-> run this as root: sudo relaypass check\n');
});
