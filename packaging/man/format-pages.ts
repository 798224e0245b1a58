/** relaypass.toml(5) and relaypass-patterns(5), from the schemas that check these files. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema } from '../../src/config/schema.ts';
import { patternSchema } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { sections } from './markdown.ts';
import { heading, inline, paragraph, section } from './roff.ts';
import { schemaOptions } from './schema-options.ts';

export function configPage(): string[] {
  return [
    ...heading('relaypass.toml', 5, 'configuration of relaypass'),
    ...section(
      'Description',
      inline(
        'TOML, in `/etc/relaypass/relaypass.toml`. Everything has a default: an empty file is a whole configuration.',
      ),
    ),
    ...paragraph(
      'An unknown option is an error, with file and line. Durations are written `90s`, `30m`, `12h`, `1h30m`.',
    ),
    ...section('Options', ...schemaOptions(configSchema)),
    ...section('See also', inline('`relaypass`(1), `relaypass-patterns`(5)')),
  ];
}

export function patternsPage(): string[] {
  return [
    ...heading('relaypass-patterns', 5, 'how a POP or IMAP server logs its logins'),
    ...section(
      'Description',
      inline('A pattern is a TOML file, `NAME.toml`, with its sample lines beside it, `NAME.samples`.'),
    ),
    ...paragraph("The admin's own are in `/etc/relaypass/patterns.d`; one with the name of a shipped one replaces it."),
    ...section('Options', ...schemaOptions(patternSchema)),
    ...sections(readFileSync(path.join(SHIPPED_PATTERNS, 'README.md'), 'utf8')),
    ...section('See also', inline('`relaypass`(1), `relaypass.toml`(5)')),
  ];
}
