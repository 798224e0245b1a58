import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MapTools } from '../map/tools.ts';
import { refused } from './refused.ts';

/** The lists that decide about relaying: a client must pass both. */
export const LISTS = ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'] as const;

/** Postfix's own programs. */
export class PostfixTools {
  readonly #tools: MapTools;

  constructor(tools: MapTools) {
    this.#tools = tools;
  }

  /** What a program answers. @throws OperationalError `setup-refused` where it fails */
  ask(tool: 'postconf' | 'postmap' | 'postfix', args: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(this.#tools.find(tool) ?? tool, args, {
      env: this.#tools.env,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    if (status === 0) return stdout;
    throw refused(`${tool} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
  }

  /** All that a main.cf with this text would set, as the Postfix of `folder` would have it. */
  settingsOf(folder: string, text: string): Map<string, string> {
    const aside = mkdtempSync(path.join(tmpdir(), 'relaypass-setup-'));
    try {
      const copy = path.join(aside, 'main.cf');
      writeFileSync(copy, text);
      utimesSync(copy, 0, 0); // Postfix's programs doze for two seconds over a main.cf that was written just now
      const master = path.join(folder, 'master.cf');
      if (existsSync(master)) copyFileSync(master, path.join(aside, 'master.cf'));
      const set = settings(this.ask('postconf', ['-c', aside, '-nx']));
      for (const name of LISTS) set.set(name, this.ask('postconf', ['-c', aside, '-xh', name]).trim());
      set.delete('config_directory');
      return set;
    } finally {
      rmSync(aside, { recursive: true });
    }
  }
}

const TIMEOUT_MS = 30_000; // each answers in milliseconds; `postfix check` looks at every file of the queue's folders

function settings(lines: string): Map<string, string> {
  const found = lines.split('\n').map((line) => /^(\S+) = ?(.*)$/.exec(line));
  return new Map(found.filter((match) => match !== null).map(([, name = '', value = '']) => [name, value]));
}
