import { EXIT, type ExitStatus } from '../errors.ts';
import { hostStatus } from '../status/host-status.ts';
import type { Status } from '../status/status.ts';
import { defineCommand, print, printJson } from './command.ts';
import { renderStatus } from './status-text.ts';
import { terminalOf } from './terminal.ts';
import { withStoreToRead } from './with-store.ts';

/** `relaypass status`: one screen, and an exit status for monitoring. */
export const command = defineCommand(
  (argv) =>
    argv
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON: one object' })
      .example('$0 status', 'how is it?')
      .example('$0 status --json', 'for monitoring')
      .epilog(
        'Exit status: 0 all is well, 75 there are warnings, 69 something does not work, 78 the configuration is in ' +
          'error, and what is shown goes by the one that the daemon last ran with.\n' +
          'JSON: at, configError, daemon, sources, entries, maps, lookups, cluster, metrics, stale, setAside, lastHour, warnings (severity, ' +
          'what, todo).',
      ),
  ({ config, json }) =>
    withStoreToRead(config, (host) => {
      const status = hostStatus({ ...host, configFile: config });
      if (json) printJson(status);
      else print(renderStatus(status, terminalOf()).join('\n'));
      return Promise.resolve(exitStatusOf(status));
    }),
);

function exitStatusOf({ configError, warnings }: Status): ExitStatus {
  if (configError !== null) return EXIT.config;
  if (warnings.some(({ severity }) => severity === 'error')) return EXIT.unavailable;
  return warnings.length === 0 ? EXIT.ok : EXIT.tempFail;
}
