import { checkHost } from '../check/host.ts';
import type { Finding } from '../check/finding.ts';
import { EXIT } from '../errors.ts';
import { escapeControls } from '../log.ts';
import { defineCommand, print, printJson } from './command.ts';

/** `relaypass check`: each finding with what to do; exit 78 when one of them is an error. */
export const command = defineCommand(
  (argv) =>
    argv
      .option('config-only', { type: 'boolean', default: false, describe: 'Only the configuration and the patterns' })
      .example('$0 check', 'is the host ready?')
      .example('$0 check --config-only', 'is the configuration valid?')
      .epilog('Exit status: 0, or 78 where something is in error. JSON: severity, what, todo.')
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' }),
  async ({ config, 'config-only': configOnly, json }) => {
    const findings = await checkHost(config, configOnly ? 'configuration' : 'host');
    if (json) printJson(findings);
    else print(findings.map(render).join('\n'));
    return findings.some(({ severity }) => severity === 'error') ? EXIT.config : EXIT.ok;
  },
);

function render({ severity, what, todo }: Finding): string {
  const first = `${severity.padEnd('warning'.length)}  ${escapeControls(what)}`;
  return todo === undefined ? first : `${first}\n         -> ${escapeControls(todo)}`;
}
