/** `npm run man`: writes the man pages to dist/man. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandPage } from './command-page.ts';
import { configPage, patternsPage } from './format-pages.ts';

const DIR = path.resolve(import.meta.dirname, '../../man');
const PAGES = {
  'relaypass.1': await commandPage(),
  'relaypass.toml.5': configPage(),
  'relaypass-patterns.5': patternsPage(),
};

mkdirSync(DIR, { recursive: true });
for (const [name, lines] of Object.entries(PAGES)) writeFileSync(path.join(DIR, name), `${lines.join('\n')}\n`);
