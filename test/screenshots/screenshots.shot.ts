/** `npm run screenshots`: docs/status.svg and docs/watch.svg, from the real daemon on the private host of the lab. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, test } from '@jest/globals';
import { RedisServer } from '../e2e/cluster/redis-server.ts';
import { onLab } from '../e2e/lab/lab.ts';
import { run } from '../e2e/lab/program.ts';
import { relaypass, Relaypass } from '../e2e/lab/relaypass.ts';
import { PseudoTerminal } from '../pseudo-terminal.ts';
import { until } from '../relaypass-process.ts';
import { exchange } from '../server/serving.ts';
import { toSvg } from './svg.ts';

const COLUMNS = 80;
const DOCS = path.resolve(import.meta.dirname, '../../../docs');
const LOG = '/var/log/mail.log';

const daemon = new Relaypass();
afterAll(() => daemon.stop());

onLab('screenshots', () => {
  test('of watch and status', async () => {
    await startHost();
    const watch = new PseudoTerminal(['watch'], { columns: COLUMNS });
    await watch.untilShows(/ may relay, daemon running/);
    await letThingsHappen();
    await watch.untilShows(/purged/);
    await watch.untilShows(/session open/);
    write('watch', watch);
    watch.type('q');
    const status = new PseudoTerminal(['status'], { columns: COLUMNS });
    await status.ended();
    write('status', status);
  });
});

async function startHost(): Promise<void> {
  const redis = await RedisServer.start();
  for (const folder of ['/run/relaypass', '/var/lib/prometheus/node-exporter'])
    run('install', ['-d', '-o', 'relaypass', '-g', 'relaypass', folder]);
  daemon.configure(`
[[source]]
file = "${LOG}"
[admission]
never_networks = ["203.0.113.0/24"]
[[lookup]]
protocol = "policy"
listen = "unix:/run/relaypass/policy"
[metrics]
textfile = "/var/lib/prometheus/node-exporter/relaypass.prom"
[cluster]
url = "${redis.url}"
node = "mx"
`);
  mkdirSync(path.dirname(LOG), { recursive: true });
  logged('dovecot: imap(carol)<9><before>: Disconnected: Logged out in=99 out=999', 20); // this server logs them
  for (const [index, user] of ['carol', 'dave', 'erin', 'scanner'].entries())
    logged(`ipop3d[5${index}]: Login user=${user} host=[198.51.100.${40 + index}] nmsgs=0/0`, 18 - 5 * index);
  daemon.start();
  await daemon.until('the daemon to join', () => daemon.output.includes('joined the cluster'));
}

async function letThingsHappen(): Promise<void> {
  logged(`dovecot: imap-login: Login: user=<alice@example.org>, method=PLAIN, rip=198.51.100.7, TLS, session=<this>`);
  logged('cyrus/imaps[77]: login: [2001:db8::7] bob plaintext+TLS User logged in SESSIONID=<x4>');
  logged('ipop3d[51]: Login user=mallory host=[203.0.113.9] nmsgs=0/0');
  await until(() => relaypass('log').stdout.includes('refused'), 'the refusal');
  relaypass('purge', '--user', 'dave');
  for (const client of ['198.51.100.7', '198.51.100.40', '198.51.100.99'])
    await exchange({ kind: 'unix', path: '/run/relaypass/policy' }, policyRequest(client));
  await until(() => /2 permitted/.test(relaypass('status').stdout), 'the look-ups to be told');
}

function policyRequest(client: string): string {
  return `request=smtpd_access_policy\nclient_address=${client}\n\n`;
}

/** Appends a line of the mail log, stamped `minutesAgo`. */
function logged(message: string, minutesAgo = 0): void {
  appendFileSync(LOG, `${new Date(Date.now() - minutesAgo * 60_000).toISOString()} mx ${message}\n`);
}

function write(command: string, { cells }: PseudoTerminal): void {
  const last = cells.findLastIndex((line) => line.length > 0);
  const picture = { title: `relaypass ${command}`, columns: COLUMNS, cells: cells.slice(0, last + 1) };
  writeFileSync(path.join(DOCS, `${command}.svg`), toSvg(picture));
}
