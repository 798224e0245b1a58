/** What systemd says of the units, in the words of systemctl 252. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { checkUnits } from '../../src/check/units.ts';
import { tempDir } from '../temp-dir.ts';

const NAMES = ['relaypass.service', 'relaypass-sweep.service', 'relaypass-sweep.timer'];

type Properties = Readonly<Record<string, string>>;

/** A host whose units are those shipped and in order, but for what `of` says. */
function hostWith(of: Readonly<Record<string, Properties & { text?: string }>>) {
  const root = tempDir();
  const [shipped, installed] = [path.join(root, 'shipped'), path.join(root, 'etc')];
  for (const folder of [shipped, installed]) mkdirSync(folder);
  const blocks = NAMES.map((name) => {
    const { text = `[Unit] # ${name}\n`, ...properties } = of[name] ?? {};
    writeFileSync(path.join(shipped, name), `[Unit] # ${name}\n`);
    writeFileSync(path.join(installed, name), text);
    const fragment = path.join(installed, name);
    const usual = {
      Id: name,
      LoadState: 'loaded',
      FragmentPath: fragment,
      NeedDaemonReload: 'no',
      UnitFileState: 'enabled',
    };
    return Object.entries({ ...usual, ...properties }).map(([key, value]) => `${key}=${value}\n`);
  });
  const systemctl = path.join(root, 'systemctl');
  writeFileSync(systemctl, `#!/bin/sh\ncat <<'END'\n${blocks.map((lines) => lines.join('')).join('\n')}END\n`);
  chmodSync(systemctl, 0o755);
  return { installed, check: () => checkUnits(systemctl, [path.join(root, 'none'), shipped]) };
}

test('says that the units are this version’s', () => {
  expect(hostWith({}).check()).toMatchObject([{ severity: 'ok' }]);
});

test('tells of a unit that an older version left, and what to do', () => {
  const { installed, check } = hostWith({ 'relaypass-sweep.timer': { text: '[Timer]\nOnCalendar=hourly\n' } });
  const file = path.join(installed, 'relaypass-sweep.timer');
  expect(check()).toEqual([
    {
      severity: 'warning',
      what: expect.stringContaining(`${file}: is not this version's relaypass-sweep.timer`),
      todo: expect.stringContaining(`rm ${file} && systemctl daemon-reload`),
    },
  ]);
});

test.each([
  ['a file that systemd has not read again', { NeedDaemonReload: 'yes' }, 'warning', 'systemctl daemon-reload'],
  ['a unit that is not enabled', { UnitFileState: 'disabled' }, 'warning', 'systemctl enable --now relaypass.service'],
  ['a unit that is masked', { LoadState: 'masked' }, 'error', 'systemctl unmask relaypass.service'],
  ['a unit that is in error', { LoadState: 'bad-setting' }, 'error', 'systemctl status relaypass.service'],
])('tells of %s', (_, properties, severity, todo) => {
  const findings = hostWith({ 'relaypass.service': properties }).check();
  expect(findings).toMatchObject([{ severity, todo: expect.stringContaining(todo) }]);
});

test('tells of a host on which none is installed', () => {
  const missing = { LoadState: 'not-found', FragmentPath: '' };
  const { check } = hostWith(Object.fromEntries(NAMES.map((name) => [name, missing])));
  expect(check()).toMatchObject([{ severity: 'warning', what: 'systemd has no unit of relaypass' }]);
});

test('says nothing where systemd does not run', () => {
  expect(checkUnits('false')).toEqual([]);
  expect(checkUnits('true')).toEqual([]); // as systemctl in a chroot
  expect(checkUnits('/nonexistent/systemctl')).toEqual([]);
});
