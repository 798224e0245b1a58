/**
 * `relaypass support`: what somebody who helps needs to know, in one text. What fails is told in its place, since it is
 * why one asks for help.
 */
import { hostname, release } from 'node:os';
import { checkHost } from '../check/host.ts';
import { loadConfig } from '../config/load.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { hostStatus } from '../status/host-status.ts';
import { Mask } from '../support/mask.ts';
import { ownVersion } from '../version.ts';
import { defineCommand, print } from './command.ts';
import { renderSettings, settingsOf } from './config.ts';
import { eventColumns } from './event-columns.ts';
import { formatInstant } from './listing.ts';
import { renderStatus } from './status-text.ts';
import { renderTable } from './table.ts';
import { withStoreToRead } from './with-store.ts';

const EVENTS_TOLD = 200;
const PLAIN = { columns: undefined, hasColours: false };

export const command = defineCommand(
  (argv) => argv.example('$0 support > support.txt', 'read it before you send it'),
  async ({ config }) => {
    const names = new Set([hostname()]);
    const sections = [
      section('versions', [`relaypass ${ownVersion()}, Node.js ${process.version}, Linux ${release()}`]),
      section('config', await orReason(() => configLines(config, names))),
      section('check', await orReason(() => checkLines(config))),
      ...(await storeSections(config, names)),
    ];
    print(new Mask(names).apply(sections.join('\n')));
    return EXIT.ok;
  },
);

function section(name: string, lines: readonly string[]): string {
  return [`== ${name}`, ...lines, ''].join('\n');
}

async function orReason(work: () => string[] | Promise<string[]>): Promise<string[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperationalError) return [`failed with ${error.code}: ${error.message}`];
    throw error;
  }
}

function configLines(config: string | undefined, names: Set<string>): string[] {
  for (const user of loadConfig(config).admission.never_users) names.add(user);
  return renderSettings(settingsOf(config));
}

async function checkLines(config: string | undefined): Promise<string[]> {
  const findings = await checkHost(config, 'host');
  return findings.map(({ severity, what, todo }) => [severity, what, todo && `-> ${todo}`].filter(Boolean).join('  '));
}

async function storeSections(config: string | undefined, names: Set<string>): Promise<string[]> {
  let status: string[] = [];
  let log: string[] = [];
  const told = await orReason(async () => {
    await withStoreToRead(config, (host) => {
      const { events } = host.store.events();
      for (const { user, by = '' } of events) names.add(user).add(by);
      for (const { logins } of host.store.entries()) for (const { user } of logins) names.add(user);
      status = renderStatus(hostStatus({ ...host, configFile: config }), PLAIN);
      const options = { hasHeader: true, terminal: PLAIN };
      log = renderTable(events.slice(-EVENTS_TOLD), eventColumns(formatInstant), options);
      return Promise.resolve(EXIT.ok);
    });
    return log;
  });
  return [section('status', status), section('log', told)];
}
