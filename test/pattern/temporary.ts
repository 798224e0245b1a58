import { afterEach } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

/** A folder that lives for one test, with these files. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'relaypass-pattern-'));
  made.push(dir);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  return dir;
}

/** A pattern file of one login regex, and what else is to stand in it. */
export function patternText(name: string, regex: string, more = ''): string {
  return `name = "${name}"\ntitle = "T"\nauthor = "A"\nfacts = "F"\ntags = ["${name}d"]\n${more}\n[[login]]\nservice = "pop3"\nregex = '''${regex}'''\n`;
}

export const LOGIN_REGEX = String.raw`^ok (?P<user>[^<> ]+) from (?P<address>[0-9A-Fa-f:.]+)$`;
export const LOGIN_SAMPLES = `# login address=198.51.100.1 user=bob service=pop3
Nov 23 18:00:00 mx testd[9]: ok bob from 198.51.100.1

# nothing
Nov 23 18:00:00 mx testd[9]: no bob from 198.51.100.1
`;
