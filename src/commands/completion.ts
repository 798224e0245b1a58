import { EXIT } from '../errors.ts';
import { COMMANDS } from './all.ts';
import { defineCommand, print } from './command.ts';
import { completionScript, type Shell } from './completion-scripts.ts';
import { recordCommand } from './recorded.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[];

/** `relaypass completion SHELL`: completions for the commands that the program has. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('shell', { choices: SHELLS, demandOption: true, describe: 'Which shell' })
      .example('eval "$($0 completion bash)"', 'for this shell')
      .example('$0 completion zsh > "${fpath[1]}/_relaypass"', 'for every zsh'),
  async ({ shell }) => {
    print(completionScript(shell, await Promise.all(COMMANDS.map(recordCommand))));
    return EXIT.ok;
  },
);
