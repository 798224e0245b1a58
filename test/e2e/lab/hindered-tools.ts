/** Real makemap, editmap and postmap that are killed, or never end, when a test wants it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

const FOLDER = '/usr/local/sbin'; // before /usr/sbin in the PATH, and the lab's own
const TOOLS = ['makemap', 'editmap', 'postmap'];

/** `afterMs`: kill -9 so long after their start. `hang`: never end. */
export type Hindrance = { readonly killedAfterMs: number } | 'hang';

export function hinderTools(hindrance: Hindrance): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const tool of TOOLS)
    writeFileSync(`${FOLDER}/${tool}`, `#!/bin/sh\n${scriptOf(hindrance, tool)}\n`, { mode: 0o755 });
}

export function mendTools(): void {
  for (const tool of TOOLS) rmSync(`${FOLDER}/${tool}`, { force: true });
}

/** What lists types or looks a key up is left alone: it builds nothing. */
function scriptOf(hindrance: Hindrance, tool: string): string {
  const real = `/usr/sbin/${tool} "$@"`;
  const hindered =
    hindrance === 'hang' ? 'exec sleep 600' : `exec timeout -s KILL ${hindrance.killedAfterMs / 1000} ${real}`;
  return `case " $* " in *' -l '*|*' -q '*) exec ${real} ;; esac\n${hindered}`;
}
