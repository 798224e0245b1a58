import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Batch, LogSource } from '../../src/source/source.ts';
import { createStdinSource } from '../../src/source/stdin.ts';

async function readToEnd(source: LogSource): Promise<Batch[]> {
  const batches: Batch[] = [];
  await source.start(undefined, 0);
  const isEnded = () => source.isEnded === true;
  while (!isEnded()) {
    const batch = await source.read();
    if (batch !== undefined) batches.push(batch);
    else if (!isEnded()) await source.wait(AbortSignal.timeout(10_000));
  }
  return batches;
}

const textOf = (batches: readonly Batch[]) =>
  batches.map((batch) => (batch.kind === 'lines' ? batch.bytes.toString() : '')).join('');

test('gives whole lines, however they were cut into writes', async () => {
  const stream = new PassThrough();
  for (const part of ['on', 'e\ntwo\nth', 'ree\n']) stream.write(part);
  stream.end();
  expect(textOf(await readToEnd(createStdinSource(stream)))).toBe('one\ntwo\nthree\n');
});

test('drops an unfinished last line, which may have been cut, and says so', async () => {
  const stream = new PassThrough();
  stream.end('whole\ncut off he');
  const batches = await readToEnd(createStdinSource(stream));
  expect(textOf(batches)).toBe('whole\n');
  expect(batches.flatMap(({ notices }) => notices)).toMatchObject([{ kind: 'data-lost', count: 1 }]);
});

test('drops a line over the cap whole, and says so', async () => {
  const stream = new PassThrough();
  stream.end(`${'x'.repeat(20_000)}\nshort\n`);
  const batches = await readToEnd(createStdinSource(stream));
  expect(textOf(batches)).toBe('short\n');
  expect(batches.flatMap(({ notices }) => notices)).toMatchObject([{ kind: 'line-too-long', count: 1 }]);
});

test('lets the writer wait while what came was not read', async () => {
  const stream = new PassThrough();
  const source = createStdinSource(stream);
  await source.start(undefined, 0);
  const line = `${'x'.repeat(1000)}\n`;
  let accepted = 0;
  while (accepted < 100_000 && stream.write(line)) {
    accepted += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(accepted).toBeLessThan(3000);
  const batch = await source.read();
  expect(batch?.kind === 'lines' && batch.bytes.length).toBeGreaterThan(1_000_000);
  await source.stop();
});
