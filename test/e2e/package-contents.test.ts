/** What is in the Debian package, judged by those who read it: lintian, and real shells. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { onLab } from './lab/lab.ts';
import { run } from './lab/program.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const UNPACKED = '/run/unpacked';

onLab('the contents of the Debian package', () => {
  let deb = '';

  beforeAll(() => {
    const { stdout } = spawnSync(path.join(ROOT, 'packaging/deb/build.sh'), ['/run'], { encoding: 'utf8', cwd: ROOT });
    deb = `/run/${/relaypass_\S+\.deb/.exec(stdout)?.[0] ?? ''}`;
    run('dpkg', ['-x', deb, UNPACKED]);
  }, 120_000);

  test('lintian finds nothing but what is overridden with a reason', () => {
    const { status, stdout } = spawnSync('lintian', ['--allow-root', '--fail-on', 'error,warning', deb], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('logrotate keeps the log of a host without systemd, while the daemon has it open', () => {
    const file = `${UNPACKED}/etc/logrotate.d/relaypass`;
    const log = openSync('/var/log/relaypass.log', 'a');
    writeSync(log, 'first\n');
    run('logrotate', ['--force', '--state', '/run/logrotate.state', file]);
    writeSync(log, 'second\n');
    closeSync(log);
    expect(readFileSync('/var/log/relaypass.log.1', 'utf8')).toBe('first\n');
    expect(readFileSync('/var/log/relaypass.log', 'utf8')).toBe('second\n');
  });

  test('bash completes commands and their options', () => {
    const file = `${UNPACKED}/usr/share/bash-completion/completions/relaypass`;
    const script = `. ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _relaypass; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const offers = (...words: string[]) => run('bash', ['--norc', '-c', script, 'bash', 'relaypass', ...words]);
    expect(offers('se')).toContain('setup');
    expect(offers('purge', '--')).toContain('--dry-run');
    expect(offers('purge', '--')).not.toContain('--follow');
  });

  test('fish completes commands and their options', () => {
    const file = `${UNPACKED}/usr/share/fish/vendor_completions.d/relaypass.fish`;
    const offers = (line: string) => run('fish', ['--no-config', '-c', `source ${file}; complete -C "${line}"`]);
    expect(offers('relaypass se')).toMatch(/^setup\tTie the map into Sendmail or Postfix$/m);
    expect(offers('relaypass purge --')).toMatch(/^--dry-run\tOnly tell what would go$/m);
    expect(offers('relaypass purge --')).not.toContain('--follow');
  });

  test('zsh completes commands and their options', () => {
    const folder = `${UNPACKED}/usr/share/zsh/vendor-completions`;
    expect(zshOffers(folder, 'relaypass se')).toMatch(/^relaypass setup\s*$/m);
    expect(zshOffers(folder, 'relaypass purge --dr')).toMatch(/^relaypass purge --dry-run\s*$/m);
  });
});

/** What zsh, on a terminal of its own, prints where the line is printed (Ctrl-A, print) after the Tab key. */
function zshOffers(folder: string, line: string): string {
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PS1=; bindkey -e; autoload -Uz compinit; fpath=(${folder} $fpath); compinit -D -u'
    zpty -w shell 'zle-line-init() { print "rea""dy" }; zle -N zle-line-init' # once the terminal is the editor's
    zpty -r -m shell said '*ready*'
    zpty -w -n shell ${JSON.stringify(line)}$'\\t\\x01print -r -- \\n'
    zpty -w shell 'print "do""ne"'
    zpty -r -m shell said '*done*'
    print -r -- "$said"`;
  return run('zsh', ['-f', '-c', script]);
}
