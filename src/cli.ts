/**
 * argv to command. The only place that prints an error and sets the exit status: a known failure prints its sentence,
 * a usage error its reason, anything else is a bug and prints its stack (exit 70).
 */
import { fstatSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { COMMANDS, CONFIG_OPTION, EXIT_STATUSES, SUMMARY } from './commands/all.ts';
import type { GlobalArgs } from './commands/command.ts';
import { EXIT, OperationalError, type ExitStatus } from './errors.ts';
import { withSources } from './stack.ts';

/** Runs the command that `argv` names and tells the exit status; prints its own errors. */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
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

/** The same as all that a process does. */
export async function runToExit(argv: readonly string[]): Promise<never> {
  // `relaypass list | head` closes the pipe: nobody is left to read, and that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
  process.on('uncaughtException', (error) => process.exit(report(error)));
  const status = await main(argv);
  if (isPipe(STDOUT)) await written(process.stdout);
  if (isPipe(STDERR)) await written(process.stderr);
  process.exit(status); // what a failed part still holds open must not keep the process
}

const STDOUT = 1;
const STDERR = 2;

/** What is printed to anything else is written at once, and a stream that nobody has used need not be made. */
function isPipe(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket();
}

/** Resolves when all that was printed is written: to a pipe that is full it is not yet. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

function createParser(argv: readonly string[]): Argv<GlobalArgs> {
  return yargs([...argv])
    .scriptName('relaypass')
    .locale('en') // as all other words are
    .usage(`$0 <command>\n\n${SUMMARY}.`)
    .option('config', CONFIG_OPTION)
    .strict()
    .demandCommand(1, 'a command is missing')
    .recommendCommands()
    .alias('help', 'h')
    .epilog(EXIT_STATUSES)
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
  const detail = error instanceof Error ? withSources(error.stack ?? error.message) : String(error);
  process.stderr.write(`relaypass: this is a bug in relaypass, please report it:\n${detail}\n`);
  return EXIT.software;
}
