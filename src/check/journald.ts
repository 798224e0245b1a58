/** What journald drops of a service that logs much at once: its logins among it. */
import path from 'node:path';
import { ok, warning, type Finding } from './finding.ts';
import { namesIn, textOf } from './read.ts';

const DEFAULTS = { burst: '10000', interval: '30s' }; // journald.conf(5)

/** @param etc where systemd's configuration is */
export function checkRateLimit(etc = '/etc/systemd'): Finding[] {
  const text = settings(etc);
  const burst = lastOf(text, 'RateLimitBurst') ?? DEFAULTS.burst;
  const interval = lastOf(text, 'RateLimitIntervalSec') ?? DEFAULTS.interval;
  if (/^0[a-z]*$/.test(burst) || /^0[a-z]*$/.test(interval)) return [ok('journal: journald drops nothing')];
  const what = `journal: journald drops what a service logs beyond ${burst} lines in ${interval}`;
  return [warning(what, 'where more is logged at once, set RateLimitBurst=0 in /etc/systemd/journald.conf')];
}

/** journald.conf and then its drop-ins in the order of their names: the last setting holds. */
function settings(etc: string): string {
  const folder = path.join(etc, 'journald.conf.d');
  const dropIns = namesIn(folder).filter((name) => name.endsWith('.conf'));
  return [path.join(etc, 'journald.conf'), ...dropIns.toSorted().map((name) => path.join(folder, name))]
    .map(textOf)
    .join('\n');
}

function lastOf(text: string, name: string): string | undefined {
  return [...text.matchAll(new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, 'gm'))].at(-1)?.[1];
}
