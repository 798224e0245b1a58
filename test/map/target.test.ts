import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MapConfig } from '../../src/config/schema.ts';
import { resolveMaps } from '../../src/map/target.ts';
import { GOOD_MAKEMAP, GOOD_POSTCONF, GOOD_POSTMAP, standInTools } from './stand-in-tools.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'relaypass-target-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const SENDMAIL = { makemap: GOOD_MAKEMAP };
const POSTFIX = { postmap: GOOD_POSTMAP, postconf: GOOD_POSTCONF };

test('makes a map for each MTA that is installed, of the type that it prefers', () => {
  expect(resolve(undefined, { ...SENDMAIL, ...POSTFIX })).toEqual([
    { form: 'sendmail', type: 'hash', builder: 'makemap', path: '/state/popauth', file: '/state/popauth.db' },
    { form: 'postfix', type: 'hash', builder: 'postmap', path: '/state/postfix', file: '/state/postfix.db' },
  ]);
});

test('makes a text file and a cdb where no MTA is installed', () => {
  expect(resolve(undefined, {})).toEqual([
    { form: 'text', type: 'text', builder: 'native', path: '/state/relay-addresses', file: '/state/relay-addresses' },
    { form: 'postfix', type: 'cdb', builder: 'native', path: '/state/postfix', file: '/state/postfix.cdb' },
  ]);
});

test('asks the MTA for its types instead of assuming hash', () => {
  const [sendmail] = resolve([{ mta: 'sendmail' }], { makemap: 'echo cdb; echo implicit' });
  expect(sendmail).toMatchObject({ type: 'cdb', builder: 'makemap', file: '/state/popauth.cdb' });
  const postconf = `case $1 in -m) printf 'cdb\\nlmdb\\npcre\\n' ;; -h) echo lmdb ;; esac`;
  const [postfix] = resolve([{ mta: 'postfix' }], { ...POSTFIX, postconf });
  expect(postfix).toMatchObject({ type: 'lmdb', builder: 'postmap', file: '/state/postfix.lmdb' });
});

test('takes another type where the default one of Postfix is none that can be built', () => {
  const postconf = `case $1 in -m) printf 'btree\\nhash\\nsdbm\\n' ;; -h) echo sdbm ;; esac`;
  expect(resolve([{ mta: 'postfix' }], { ...POSTFIX, postconf })).toMatchObject([{ type: 'hash' }]);
});

test("leaves all writing to the MTA's tools where it is told to", () => {
  const postconf = `case $1 in -m) printf 'cdb\\nhash\\n' ;; -h) echo cdb ;; esac`;
  const maps: MapConfig[] = [
    { mta: 'postfix', type: 'cdb', native: false },
    { mta: 'sendmail', native: false },
  ];
  const targets = resolve(maps, { ...SENDMAIL, ...POSTFIX, postconf });
  expect(targets).toMatchObject([
    { builder: 'postmap', toolOnly: true },
    { builder: 'makemap', toolOnly: true },
  ]);
});

test.each<MapConfig>([
  { mta: 'none', type: 'cdb', native: false },
  { mta: 'sendmail', type: 'text', native: false },
])('refuses to leave %j to a tool that does not build such a map', (map) => {
  expect(() => resolve([map], SENDMAIL)).toThrow('map: native = false: no tool builds a map of type');
});

test('writes a cdb of Postfix itself', () => {
  const postconf = `case $1 in -m) printf 'cdb\\n' ;; -h) echo cdb ;; esac`;
  const [target] = resolve([{ mta: 'postfix', type: 'cdb', path: '/etc/postfix/relay' }], { ...POSTFIX, postconf });
  expect(target).toEqual({
    form: 'postfix',
    type: 'cdb',
    builder: 'native',
    path: '/etc/postfix/relay',
    file: '/etc/postfix/relay.cdb',
  });
});

test.each<[MapConfig, Record<string, string>, string, RegExp]>([
  [
    { mta: 'sendmail', type: 'lmdb' },
    SENDMAIL,
    'map-type-unsupported',
    /"lmdb".*"makemap -l" lists hash, btree, implicit/,
  ],
  [{ mta: 'sendmail', type: 'implicit' }, SENDMAIL, 'map-type-unsupported', /"implicit".*"makemap -l"/],
  [
    { mta: 'postfix', type: 'pcre' },
    POSTFIX,
    'map-type-unsupported',
    /"pcre".*"postconf -m" lists btree, hash, lmdb, pcre/,
  ],
  [{ mta: 'postfix', type: 'cdb' }, POSTFIX, 'map-type-unsupported', /"cdb".*"postconf -m" lists/],
  [{ mta: 'none', type: 'hash' }, SENDMAIL, 'map-type-unsupported', /"hash" is built by an MTA's own tool/],
  [{ mta: 'postfix', form: 'poprelayd' }, POSTFIX, 'map-form-unsupported', /use mta = "sendmail"/],
  [{ mta: 'sendmail', form: 'connect', type: 'text' }, SENDMAIL, 'map-form-unsupported', /no text map/],
  [{ mta: 'none', base: '/etc/mail/access' }, {}, 'map-base-unsupported', /not into a list/],
  [
    { mta: 'sendmail', base: '/etc/mail/access', path: '/etc/mail/access' },
    SENDMAIL,
    'map-base-unsupported',
    /give the map its own path/,
  ],
  [{ mta: 'sendmail' }, POSTFIX, 'map-tool-missing', /needs makemap/],
  [{ mta: 'postfix' }, SENDMAIL, 'map-tool-missing', /needs postmap and postconf/],
  [{ mta: 'sendmail' }, { makemap: 'exit 1' }, 'map-tool-missing', /needs makemap/],
])('refuses %j, says what is wrong and exits 78', (map, scripts, code, message) => {
  const attempt = () => resolve([map], scripts);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ code, exitStatus: 78 }));
});

test('takes the form that a host is wired for', () => {
  const maps: MapConfig[] = [
    { mta: 'sendmail', form: 'poprelayd', path: '/etc/mail/popip' },
    { mta: 'postfix', form: 'pop-before-smtp', path: '/etc/postfix/pop-before-smtp' },
  ];
  expect(resolve(maps, { ...SENDMAIL, ...POSTFIX })).toMatchObject([
    { form: 'poprelayd', file: '/etc/mail/popip.db' },
    { form: 'pop-before-smtp', file: '/etc/postfix/pop-before-smtp.db' },
  ]);
});

test("tags the keys of a map that is merged with Sendmail's access file", () => {
  const [target] = resolve([{ mta: 'sendmail', base: '/etc/mail/access' }], SENDMAIL);
  expect(target).toMatchObject({ form: 'connect', base: '/etc/mail/access', file: '/state/popauth.db' });
});

test('refuses two maps in one file', () => {
  const maps: MapConfig[] = [{ mta: 'sendmail' }, { mta: 'postfix', path: '/state/popauth' }];
  expect(() => resolve(maps, { ...SENDMAIL, ...POSTFIX })).toThrow('two maps are the file /state/popauth.db');
});

function resolve(config: MapConfig[] | undefined, scripts: Record<string, string>) {
  return resolveMaps(config, '/state', standInTools(root, scripts));
}
