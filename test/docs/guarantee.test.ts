/** docs/guarantee.md promises nothing that no test shows. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const [, ...SECTIONS] = readFileSync('docs/guarantee.md', 'utf8').split(/^## /m);

interface Proof {
  readonly file: string;
  readonly title: string;
}

function proofsOf(section: string): Proof[] {
  const items = section.matchAll(/^- `(test\/\S+\.test\.ts)`, "([^]*?)"$/gm);
  return Array.from(items, ([, file = '', title = '']) => ({ file, title: title.replaceAll(/\s+/g, ' ') }));
}

test('each promise says what it does not promise, and names what shows it', () => {
  expect(SECTIONS.length).toBeGreaterThan(5);
  for (const section of SECTIONS) {
    expect(section).toContain('\n\nEnds: ');
    expect(proofsOf(section).length).toBe(section.match(/^- /gm)?.length);
    expect(proofsOf(section).length).toBeGreaterThan(1);
  }
});

test.each(SECTIONS.flatMap(proofsOf))('there is a test in $file: "$title"', ({ file, title }) => {
  expect(readFileSync(file, 'utf8')).toContain(title);
});
