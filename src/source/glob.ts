import { nameBeforeRotation } from './siblings.ts';

/**
 * Tells which names are logs that `pattern` means, undefined where it holds no `*`. `mail*` means `mail.log`, but not
 * `mail.log.1`, which is what `mail.log` is called after a rotation; `maillog-*` does mean `maillog-20261124`.
 */
export function globMatcher(pattern: string): ((name: string) => boolean) | undefined {
  if (!pattern.includes('*')) return undefined;
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const regex = new RegExp(`^(?!\\.)${parts.join('.*')}$`, 's');
  return (name) => regex.test(name) && !regex.test(nameBeforeRotation(name) ?? '');
}
