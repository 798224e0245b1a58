/** The metrics of the real daemon, as Prometheus and node_exporter meet them. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { prometheusTools } from '../e2e/lab/tools.ts';
import { TestHost, until } from '../relaypass-process.ts';
import { exchange } from '../server/serving.ts';

interface Response {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

function get(socketPath: string, url = '/metrics', method = 'GET'): Promise<Response> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: url, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], text }));
    });
    asked.on('error', reject).end();
  });
}

/** A host whose daemon tells metrics on a socket and in a file. */
class MeasuredHost extends TestHost {
  readonly socket = path.join(this.dir, 'metrics.socket');
  readonly textfile = path.join(this.dir, 'relaypass.prom');

  constructor(extra = '') {
    super();
    this.measure(extra);
  }

  measure(extra: string): void {
    this.configure(`${extra}\n[metrics]\nlisten = "unix:${this.socket}"\ntextfile = "${this.textfile}"\n`);
  }

  /** The value of a series, as it is written. */
  async value(series: string): Promise<number | undefined> {
    return valueIn((await get(this.socket)).text, series);
  }

  async untilValue(series: string, value: number): Promise<void> {
    let found: number | undefined;
    await until(() => {
      void this.value(series).then((read) => (found = read));
      return found === value;
    }, `${series} to be ${value}, which is ${found}`);
  }
}

function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('logins, refusals, lost lines, maps and look-ups are counted, without a word of any client', async () => {
  const lookup = path.join(new TestHost().dir, 'lookup');
  const host = new MeasuredHost(
    `[admission]\nnever_users = ["guest"]\nmax_addresses_per_user = 1\n[[lookup]]\nprotocol = "socketmap"\nlisten = "unix:${lookup}"\n`,
  );
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  host.login('alice', '198.51.100.8');
  host.login('guest', '198.51.100.9');
  writeFileSync(host.log, `${'x'.repeat(9000)}\n`, { flag: 'a' });
  const source = `source="file:${host.log}"`;
  await host.untilValue(`relaypass_dropped_lines_total{${source},reason="line-too-long"}`, 1);
  await exchange({ kind: 'unix', path: lookup }, '22:relaypass 198.51.100.7,', '22:relaypass 198.51.100.9,');
  await host.untilPermitted('198.51.100.7');
  await host.untilValue(`relaypass_map_current{map="${host.map}"}`, 1);
  const { status, type, text } = await get(host.socket);
  expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
  const values = {
    'relaypass_logins_total{pattern="dovecot"}': 1,
    'relaypass_logins_total{pattern="cyrus"}': 0,
    relaypass_granted_total: 1,
    'relaypass_refused_total{rule="never-user"}': 1,
    'relaypass_refused_total{rule="max_addresses_per_user"}': 1,
    'relaypass_refused_total{rule="stale"}': 0,
    relaypass_entries: 1,
    [`relaypass_map_current{map="${host.map}"}`]: 1,
    [`relaypass_map_failures_total{map="${host.map}"}`]: 0,
    'relaypass_lookups_total{protocol="socketmap",answer="permitted"}': 1,
    'relaypass_lookups_total{protocol="socketmap",answer="not-permitted"}': 1,
    relaypass_config_last_reload_successful: 1,
  };
  for (const [series, value] of Object.entries(values))
    expect([series, valueIn(text, series)]).toEqual([series, value]);
  expect(valueIn(text, `relaypass_source_lag_seconds{${source}}`)).toBeLessThan(20);
  expect(Date.now() / 1000 - (valueIn(text, `relaypass_last_login_timestamp_seconds{${source}}`) ?? 0)).toBeLessThan(
    60,
  );
  expect(valueIn(text, 'relaypass_map_publish_seconds_count')).toBeGreaterThanOrEqual(1);
  expect(text).not.toContain('relaypass_cluster');
  for (const word of ['alice', 'guest', '198.51.100']) expect(text).not.toContain(word);
});

test('a daemon that is started again knows when the last login was, and counts from 0', async () => {
  const host = new MeasuredHost();
  const first = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await first.end('SIGTERM');
  await host.startDaemon();
  expect(await host.value('relaypass_granted_total')).toBe(0);
  expect(await host.value('relaypass_entries')).toBe(1);
  const series = `relaypass_last_login_timestamp_seconds{source="file:${host.log}"}`;
  expect(Date.now() / 1000 - ((await host.value(series)) ?? 0)).toBeLessThan(60);
});

test('counters go on over a reload, and a source that is no longer read is not told', async () => {
  const host = new MeasuredHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(await host.value(lag(host.log))).toBeGreaterThanOrEqual(0);
  const other = `${host.log}.other`;
  writeFileSync(host.configFile, readFileSync(host.configFile, 'utf8').replace(`"${host.log}"`, `"${other}"`));
  daemon.signal('SIGHUP');
  await until(() => daemon.stderr.split('started').length > 2, 'the reload');
  expect(await host.value('relaypass_granted_total')).toBe(1);
  expect(await host.value(lag(other))).toBeGreaterThanOrEqual(0);
  expect(await host.value(lag(host.log))).toBeUndefined();
});

test('a map that is spoilt is told, and so is a reload that fails', async () => {
  const host = new MeasuredHost();
  const daemon = await host.startDaemon();
  expect(await host.value(`relaypass_map_current{map="${host.map}"}`)).toBe(1);
  writeFileSync(host.map, '0.0.0.0/0\n');
  expect(await host.value(`relaypass_map_current{map="${host.map}"}`)).toBe(0);
  host.measure('[admission]\nmax_entries = "many"\n');
  daemon.signal('SIGHUP');
  await until(() => daemon.said('kept the old configuration'), 'the reload');
  expect(await host.value('relaypass_config_last_reload_successful')).toBe(0);
  host.measure('[admission]\nmax_entries = 7\n');
  daemon.signal('SIGHUP');
  await until(() => daemon.stderr.split('started').length > 2, 'the second reload');
  expect(await host.value('relaypass_config_last_reload_successful')).toBe(1);
  expect(await host.value('relaypass_entries_limit')).toBe(7);
});

test('the text file can be read by all, is whole, and goes when the daemon stops', async () => {
  const host = new MeasuredHost();
  const daemon = await host.startDaemon();
  expect(statSync(host.textfile).mode & 0o777).toBe(0o644);
  expect(readFileSync(host.textfile, 'utf8')).toMatch(/^# HELP [^]*relaypass_map_publish_seconds_count \d+\n$/);
  expect(readdirSync(host.dir).filter((name) => name.startsWith('relaypass.prom'))).toEqual(['relaypass.prom']);
  expect(await daemon.end('SIGTERM')).toBe(0);
  expect(existsSync(host.textfile)).toBe(false);
  expect(existsSync(host.socket)).toBe(false);
});

test('a text file that cannot be written is told, and mail goes on', async () => {
  const host = new TestHost();
  host.configure(`[metrics]\ntextfile = "${host.dir}/missing/relaypass.prom"\n`);
  const daemon = await host.startDaemon();
  expect(daemon.stderr).toContain(`metrics were not written file=${host.dir}/missing/relaypass.prom reason="ENOENT`);
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
});

test('nothing but GET /metrics is answered, and no long request', async () => {
  const host = new MeasuredHost();
  await host.startDaemon();
  expect(await get(host.socket, '/')).toMatchObject({ status: 404, text: 'only /metrics is here\n' });
  expect(await get(host.socket, '/metrics', 'POST')).toMatchObject({ status: 405, text: 'only GET is answered\n' });
  const endpoint = { kind: 'unix', path: host.socket } as const;
  expect(await exchange(endpoint, `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431 /,
  );
  expect(await exchange(endpoint, 'EHLO mx\r\n')).toMatch(/^HTTP\/1.1 400 /);
  expect(await get(host.socket)).toMatchObject({ status: 200 });
});

test('a configuration that names neither place, or a file that nobody reads, is refused', () => {
  const host = new TestHost();
  host.configure('[metrics]\n');
  expect(host.run('check', '--config-only')).toMatchObject({
    status: 78,
    stdout: expect.stringContaining('expected "listen", "textfile" or both'),
  });
  host.configure('[metrics]\ntextfile = "/var/lib/metrics"\n');
  expect(host.run('check', '--config-only').stdout).toContain('expected a name that ends in ".prom"');
  host.configure('[metrics]\nlisten = "inet:192.0.2.25:9725"\n');
  expect(host.run('check', '--config-only').stdout).toContain('a loopback address and port');
});

test('check tells whether the text file can be written', () => {
  const host = new MeasuredHost();
  expect(host.run('check').stdout).toContain(
    `relaypass.prom: can be written; the unit needs ReadWritePaths=${host.dir}`,
  );
  host.configure(`[metrics]\ntextfile = "${host.dir}/missing/relaypass.prom"\n`);
  const { stdout } = host.run('check');
  expect(stdout).toContain('metrics cannot be written: ENOENT');
  expect(stdout).toContain(`-> install -d -o relaypass -g relaypass ${host.dir}/missing`);
});

const curl = /^ {4}(curl .*)$/m.exec(readFileSync('docs/metrics.md', 'utf8'))?.[1] ?? '';
const withCurl = spawnSync('curl', ['--version']).status === 0 ? test : test.skip;

withCurl('the command line of docs/metrics.md shows them', async () => {
  const host = new MeasuredHost();
  await host.startDaemon();
  expect(curl).toContain('/run/relaypass/metrics');
  const line = curl.replace('/run/relaypass/metrics', host.socket);
  const { stdout } = await promisify(execFile)('sh', ['-c', line]);
  expect(stdout).toContain('relaypass_build_info');
});

const tools = prometheusTools();
const withPromtool = tools === undefined ? test.skip : test;

withPromtool('promtool finds nothing wrong with what is told', async () => {
  const host = new MeasuredHost('[[lookup]]\nprotocol = "tcp"\nlisten = "inet:127.0.0.1:19725"\n');
  await host.startDaemon();
  const { text } = await get(host.socket);
  const promtool = path.join(tools?.folder ?? '', 'promtool');
  expect(execFileSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
});

function lag(file: string): string {
  return `relaypass_source_lag_seconds{source="file:${file}"}`;
}
