#!/usr/bin/env node
/**
 * argv to command. The only place that prints an error and sets the exit status: a known failure prints its sentence,
 * a usage error its reason, anything else is a bug and prints its stack (exit 70).
 */
import yargs, { type Argv } from 'yargs';
import type { Command, GlobalArgs } from './commands/command.ts';
import { EXIT, OperationalError, type ExitStatus } from './errors.ts';

interface Listed {
  /** As yargs takes it: name and positional arguments. */
  readonly usage: string;
  readonly about: string;
  /** Loads the command's file, when it is called and not before: start-up is most of a short command's time. */
  readonly load: () => Promise<{ command: Command }>;
}

const COMMANDS: readonly Listed[] = [
  { usage: 'run', about: 'Run the daemon in the foreground', load: () => import('./commands/run.ts') },
  { usage: 'status', about: 'Tell how all of it does, on one screen', load: () => import('./commands/status.ts') },
  { usage: 'watch', about: 'Watch entries and events as they come', load: () => import('./commands/watch.ts') },
  { usage: 'list', about: 'List the addresses that may relay now', load: () => import('./commands/list.ts') },
  { usage: 'show [address]', about: 'Tell why an address may relay or not', load: () => import('./commands/show.ts') },
  { usage: 'log', about: 'Tell what was granted, refused, expired, purged', load: () => import('./commands/log.ts') },
  { usage: 'grant <address>', about: 'Let an address relay for a while', load: () => import('./commands/grant.ts') },
  { usage: 'purge [target]', about: 'Take permissions away', load: () => import('./commands/purge.ts') },
  { usage: 'sweep', about: 'Expire and publish without the daemon', load: () => import('./commands/sweep.ts') },
  { usage: 'match [file]', about: 'Run the patterns over a log', load: () => import('./commands/match.ts') },
  {
    usage: 'import <file>',
    about: 'Take over what an earlier system permits',
    load: () => import('./commands/import.ts'),
  },
  { usage: 'check', about: 'Check configuration, permissions and MTA', load: () => import('./commands/check.ts') },
  { usage: 'config', about: 'Show the effective configuration', load: () => import('./commands/config.ts') },
  { usage: 'demo', about: 'Watch the daemon work on made-up logins', load: () => import('./commands/demo.ts') },
];

/** Runs the command that `argv` names and tells the exit status; prints its own errors. */
async function main(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.ok;
  const cli = createParser(argv);
  for (const { usage, about, load } of COMMANDS) {
    cli.command({
      command: usage,
      describe: about,
      builder: async (y: Argv<GlobalArgs>) => (await load()).command.builder(y),
      handler: async (args: unknown) => {
        status = await (await load()).command.run(args);
      },
    });
  }
  try {
    await cli.parseAsync();
    return status;
  } catch (error) {
    return report(error);
  }
}

function createParser(argv: readonly string[]): Argv<GlobalArgs> {
  return yargs([...argv])
    .scriptName('relaypass')
    .usage('$0 <command>\n\nLets addresses that have just logged in over POP3 or IMAP relay mail for a while.')
    .option('config', {
      type: 'string',
      describe: 'Configuration file',
      defaultDescription: '/etc/relaypass/relaypass.toml',
    })
    .strict()
    .demandCommand(1, 'a command is missing')
    .recommendCommands()
    .alias('help', 'h')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new OperationalError('usage', EXIT.usage, `${message}; see "relaypass --help"`);
    });
}

function report(error: unknown): ExitStatus {
  if (error instanceof OperationalError) {
    process.stderr.write(`relaypass: ${error.message}\n`);
    return error.exitStatus;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`relaypass: this is a bug in relaypass, please report it:\n${detail}\n`);
  return EXIT.software;
}

// `relaypass list | head` closes the pipe: nobody is left to read, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
// What a failed part still holds open must not keep the process; on Linux all that was printed is written by now.
process.exit(await main(process.argv.slice(2)));
