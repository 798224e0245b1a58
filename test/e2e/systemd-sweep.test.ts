/** When relaypass-sweep.service runs and when not, under a real systemd beside the daemon. */
import { afterAll, expect, test } from '@jest/globals';
import { onLab } from './lab/lab.ts';
import { until } from './lab/program.ts';
import { MAP, UnitHost } from './lab/unit-host.ts';

const BOUND_MS = 60_000; // what docs/guarantee.md promises
const host = new UnitHost();
const reason = await host.whyNotBooted();
if (reason !== undefined) process.stderr.write(`units are not run: ${reason}\n`);
const withSystemd = reason === undefined ? test : test.skip;

onLab(`the sweep under systemd${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  afterAll(async () => {
    host.stop();
    await host.removeCgroup();
  });

  withSystemd('is skipped while the daemon keeps the maps true, without a line in the journal', async () => {
    expect(host.install()).toBe(0);
    await untilSkipped();
    expect(host.run('journalctl --no-pager -o cat -u relaypass-sweep.service').output).not.toMatch(/kipped|tarting/);
    expect(host.run('systemctl is-failed relaypass-sweep.service').output).toBe('inactive\n');
  });

  withSystemd('beside a daemon that hangs, takes away an address within a minute of the end of its time', async () => {
    host.configure({ options: 'grace = "1m"\n' });
    host.run('systemctl restart relaypass');
    const expiresAt = Date.now() - 45_000 + 60_000;
    host.logIn('198.51.100.7', 45);
    await host.untilPermitted(['198.51.100.7']);
    await untilSkipped();
    const pid = host.mainPid();
    host.run(`kill -STOP ${pid}`);
    await host.untilPermitted([], expiresAt - Date.now() + BOUND_MS);
    expect(host.run(`ps -o stat= -p ${pid}`).output).toMatch(/^T/);
    host.run(`kill -CONT ${pid}`);
  });

  withSystemd.each(['kill', 'stop'])('runs at once after %s has ended the daemon', async (how) => {
    host.dropIn('once', '[Service]\\nRestart=no\\n');
    host.run('systemctl restart relaypass');
    await untilSkipped();
    host.run(`systemctl ${how} ${how === 'kill' ? '-s KILL' : ''} relaypass`);
    await until('it to end', () => host.run('systemctl is-active relaypass').status !== 0);
    host.run(`rm ${MAP}`);
    expect(sweep()).toBe('success');
    expect(host.run(`stat -c %a ${MAP}`).output).toBe('644\n');
  });

  withSystemd('runs beside a daemon that cannot publish a map, and no more once it can', async () => {
    const folder = '/var/lib/relaypass/maps';
    const makeFolder = () => host.run(`install -d -o relaypass -g relaypass ${folder}`);
    makeFolder();
    host.configure({ rest: `path = "${folder}/relay-addresses"\n` });
    host.run('systemctl start relaypass');
    await untilSkipped();
    host.run(`rm -r ${folder}`);
    host.logIn('198.51.100.8');
    await until('the sweep to run, and fail too', () => sweep() === 'exit-code', { limitMs: BOUND_MS });
    makeFolder();
    await untilSkipped();
    expect(host.run(`cat ${folder}/relay-addresses`).output).toBe('198.51.100.8\n');
  });
});

async function untilSkipped(): Promise<void> {
  const wait = { limitMs: BOUND_MS, pollMs: 500, context: () => host.journal() };
  await until('the daemon to vouch for its maps', () => sweep() === 'exec-condition', wait);
}

/** Starts it as the timer does; what systemd says of its end. */
function sweep(): string {
  host.run('systemctl start relaypass-sweep.service');
  return host.run('systemctl show -P Result relaypass-sweep.service').output.trim();
}
