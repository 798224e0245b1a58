/**
 * Whether logrotate copies and truncates a log that relaypass follows: what is written between the copy and the
 * truncation is in neither, for any reader (docs/following.md).
 *
 * Limits: of logrotate.conf(5) only blocks are understood, `PATH... { ... }`, and `copytruncate` in them or before all of
 * them; not `include` of other folders.
 */
import path from 'node:path';
import { warning, type Finding } from './finding.ts';
import { namesIn, textOf } from './read.ts';

/** @param etc where logrotate's configuration is */
export function checkRotation(log: string, etc = '/etc'): Finding[] {
  const [main, folder] = [path.join(etc, 'logrotate.conf'), path.join(etc, 'logrotate.d')];
  const files = [main, ...namesIn(folder).map((name) => path.join(folder, name))];
  const everywhere = DIRECTIVE.test(textOf(main).replaceAll(BLOCK, ''));
  return files
    .filter((file) => isTruncated(log, textOf(file), everywhere))
    .map((file) => {
      const what = `${log}: ${file} has it copied and truncated, which loses lines`;
      return warning(
        what,
        `replace copytruncate by create in ${file}, and have the logger reopen its log in postrotate`,
      );
    });
}

const BLOCK = /^([^#{}]+)\{([^}]*)\}/gm;
const DIRECTIVE = /^\s*copytruncate\b/m;
const OFF = /^\s*nocopytruncate\b/m;

function isTruncated(log: string, text: string, everywhere: boolean): boolean {
  return [...text.matchAll(BLOCK)].some(([, paths = '', body = '']) => {
    const truncates = DIRECTIVE.test(body) || (everywhere && !OFF.test(body));
    return truncates && paths.split(/[\s"']+/).some((pattern) => covers(pattern, log));
  });
}

/** Whether logrotate's `pattern` names `log`, which may be a glob itself. */
function covers(pattern: string, log: string): boolean {
  if (path.dirname(pattern) !== path.dirname(log)) return false;
  const [one, other] = [path.basename(pattern), path.basename(log)];
  return one === other || globToRegExp(one).test(other) || globToRegExp(other).test(one);
}

function globToRegExp(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}
