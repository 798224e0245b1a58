/** How a login, a look-up and an expiry grow from a thousand entries to a million.    npm run bench:growth */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Store } from '../../src/store/store.ts';
import { BenchHost, fillStore, loginOf } from './host.ts';
import { percentile } from './measure.ts';
import { plot, type Curve } from './plot.ts';
import { DOCS, report, time, type Row } from './report.ts';

const SIZES = (process.env['BENCH_SIZES'] ?? '1000,10000,100000,1000000').split(',').map(Number);
const TRIES = 200;
const SWEEPS = 5;
const EXPIRED = 1000; // by each
const GRACE_MS = 1_800_000;

interface Sweep {
  readonly ms: number;
  readonly expired: number;
}

const curves: Record<'a login' | 'a look-up' | 'an expiry', { size: number; ms: number }[]> = {
  'a login': [],
  'a look-up': [],
  'an expiry': [],
};
const rows: Row[] = [];
for (const size of SIZES) await measure(size);
writeFileSync(
  path.join(DOCS, 'growth.svg'),
  plot(
    'What one costs, by the number of entries',
    Object.entries(curves).map(([name, points]): Curve => ({ name, points })),
  ),
);
for (const [name, points] of Object.entries(curves)) {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) continue;
  const decades = Math.log10(last.size / first.size);
  const growth = last.ms / first.ms;
  const measured = points.map(({ ms }) => time(ms / 1000)).join(', ');
  rows.push({
    what: `${name} at ${SIZES.map((size) => size.toLocaleString('en')).join(', ')} entries`,
    measured,
    target: 'no worse than logarithmic',
    isMet: growth <= 1 + decades,
  });
}
report('growth', rows);

async function measure(size: number): Promise<void> {
  let now = Date.now();
  const host = new BenchHost('');
  const store = await host.openStore(() => now);
  fillStore(store, size, now, GRACE_MS - 60_000);
  const numbers = Array.from({ length: TRIES }, (_, index) => Math.floor((index * size) / TRIES));
  curves['a login'].push({ size, ms: medianOf(numbers, (number) => store.record({ logins: [loginOf(number, now)] })) });
  curves['a look-up'].push({ size, ms: medianOf(numbers, (number) => store.entry(loginOf(number, now).address)) });
  now += 60_000;
  const sweeps = Array.from({ length: SWEEPS }, () => {
    now += Math.ceil(((GRACE_MS - 60_000) * Math.min(EXPIRED, size / 2 / SWEEPS)) / size);
    return sweep(store);
  });
  curves['an expiry'].push({
    size,
    ms: percentile(
      sweeps.map(({ ms, expired }) => ms / expired),
      50,
    ),
  });
  if (size === 100_000) reportSweeps(sweeps);
  await store.close();
  await host.remove();
}

function sweep(store: Store): Sweep {
  const start = performance.now();
  const expired = store.expire().length;
  return { ms: performance.now() - start, expired };
}

function reportSweeps(sweeps: readonly Sweep[]): void {
  const ms = percentile(
    sweeps.map((each) => each.ms),
    50,
  );
  rows.push({
    what: `a sweep of 100,000 that ends some ${EXPIRED.toLocaleString('en')}, without the build: the median of ${SWEEPS}`,
    measured: time(ms / 1000),
    target: '<= 20 ms',
    isMet: ms <= 20,
  });
  rows.push({
    what: 'the first of them',
    measured: time((sweeps[0]?.ms ?? NaN) / 1000),
    target: '',
    isMet: undefined,
  });
}

function medianOf(numbers: readonly number[], work: (number: number) => unknown): number {
  const times = numbers.map((number) => {
    const start = performance.now();
    work(number);
    return performance.now() - start;
  });
  return percentile(times, 50);
}
