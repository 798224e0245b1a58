import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

const OWNER = path.resolve(import.meta.dirname, '../../src/store/owner.js');
const UID = 54_321; // an owner without an account
const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
/** Where that user can read the program: a clone may lie in a folder of root's alone. */
const asOther = isRoot && spawnSync('test', ['-r', OWNER], { uid: UID, gid: UID }).status === 0 ? test : test.skip;

/** What a process of `uid` says of itself after it has acted as the owner of `dir`. */
function actAsOwnerIn(dir: string, uid: number) {
  const script =
    'if (process.getuid() === 0) process.setgroups([0, 4]);' + // as after a login; spawn leaves none
    `const { actAsOwner } = await import(${JSON.stringify(OWNER)}); actAsOwner(${JSON.stringify(dir)});` +
    'console.log(process.getuid(), process.geteuid(), process.getgid(), process.getgroups().join());';
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', uid, gid: uid });
}

asRoot('root takes on the uid, gid and groups of the state folder’s owner for good', () => {
  const dir = tempDir();
  chownSync(dir, UID, UID);
  expect(actAsOwnerIn(dir, 0).stdout).toBe(`${UID} ${UID} ${UID} ${UID}\n`);
});

asOther('a user who is not the owner is told to be it', () => {
  const { status, stderr } = actAsOwnerIn(tempDir(), UID);
  expect(status).not.toBe(0);
  expect(stderr).toContain('belongs to uid 0; run this as root or as that user');
});

asOther('a state folder that does not exist is made for its user, and root is told how', () => {
  const dir = tempDir();
  chownSync(dir, UID, UID);
  const made = path.join(dir, 'state');
  expect(actAsOwnerIn(made, 0).stderr).toContain(`install -d -o relaypass -g relaypass -m 755 ${made}`);
  actAsOwnerIn(made, UID);
  expect(statSync(made).uid).toBe(UID);
});

asRoot('whatever a root command leaves in the state folder is its owner’s', () => {
  const host = new TestHost();
  const state = path.dirname(host.map);
  mkdirSync(host.store);
  for (const file of [host.dir, state, host.store]) chownSync(file, UID, UID);
  expect(host.run('grant', '198.51.100.7').status).toBe(0);
  const files = [...readdirSync(state), ...readdirSync(host.store).map((name) => path.join('store', name))];
  expect(files).toContain('store/lock.mdb');
  for (const file of files) expect(statSync(path.join(state, file)).uid).toBe(UID);
});

asOther.each(['password_file', 'ca_file'])(
  'root does not open the %s that a configuration names which the daemon may write',
  (option) => {
    const { host, secret } = hostOfUid();
    const cluster = `[cluster]\nurl = "redis://127.0.0.1:1"\n${option} = "${secret}"\n`;
    writeFileSync(lastGoodOf(host), `${readFileSync(host.configFile, 'utf8')}${cluster}`);
    host.configure('garce = 1\n');
    const { status, stderr } = host.runUnderSystemd('purge', '198.51.100.7');
    expect(stderr).toContain(`cluster.${option}: ${secret}: cannot be read: EACCES`);
    expect({ status, permitted: host.permitted() }).toEqual({ status: 75, permitted: [] });
  },
);

asRoot('root does not follow a link that stands for the configuration which the daemon may write', () => {
  const { host, secret } = hostOfUid();
  symlinkSync(secret, lastGoodOf(host));
  host.configure('garce = 1\n');
  const { status, stderr } = host.runUnderSystemd('purge', '198.51.100.7');
  expect(stderr).toMatch(/last-good\.toml: cannot be read: EACCES/);
  expect(status).toBe(78);
});

/** A host whose state is a user's, with an entry, and beside it a file of root's alone. */
function hostOfUid() {
  const host = new TestHost();
  for (const file of [host.dir, path.dirname(host.map)]) chownSync(file, UID, UID);
  expect(host.run('grant', '198.51.100.7').status).toBe(0);
  const secret = path.join(host.dir, 'secret');
  writeFileSync(secret, 'hush', { mode: 0o600 });
  return { host, secret };
}

function lastGoodOf(host: TestHost): string {
  return path.join(path.dirname(host.map), 'last-good.toml');
}
