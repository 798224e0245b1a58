import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { relaypass } from '../relaypass-process.ts';

/** What a real bash offers for a command line that ends where the cursor is. */
function bashOffers(...words: string[]): string[] {
  const script = `${relaypass('completion', 'bash').stdout}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _relaypass; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'relaypass', ...words], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

test('bash offers the commands, and the options of the one that was chosen', () => {
  expect(bashOffers('')).toEqual(expect.arrayContaining(['run', 'status', 'show', 'purge', 'completion']));
  expect(bashOffers('s')).toEqual(expect.arrayContaining(['status', 'show', 'sweep', 'support']));
  expect(bashOffers('s')).not.toContain('run');
  expect(bashOffers('purge', '--')).toEqual(expect.arrayContaining(['--all', '--dry-run', '--config', '--help']));
  expect(bashOffers('purge', '--')).not.toContain('--follow');
  expect(bashOffers('log', '--f')).toEqual(['--follow']);
});

test('zsh is told what each command and option does', () => {
  const { stdout } = relaypass('completion', 'zsh');
  expect(stdout).toMatch(/^#compdef relaypass\n/);
  expect(stdout).toContain("'list:List the addresses that may relay now'");
  expect(stdout).toContain("'--user[Only the addresses of this user]:value:_files'");
  expect(stdout).toContain("'--dry-run[Only tell what would go]'");
});

test('fish is told what each command and option does', () => {
  const { stdout } = relaypass('completion', 'fish');
  expect(stdout).toContain("-n __fish_use_subcommand -f -a list -d 'List the addresses that may relay now'");
  expect(stdout).toContain("-n '__fish_seen_subcommand_from list' -l user -r -d 'Only the addresses of this user'");
});

test('there are completions for no other shell', () => {
  const { status, stderr } = relaypass('completion', 'tcsh');
  expect(status).toBe(64);
  expect(stderr).toContain('tcsh');
});
