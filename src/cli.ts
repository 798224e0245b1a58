/**
 * argv to command. The only place that prints an error and sets the exit status: a known failure prints its sentence,
 * a usage error its reason, anything else is a bug and prints its stack (exit 70).
 */
import yargs, { type Argv } from 'yargs';
import { COMMANDS, EXIT_STATUSES, SUMMARY } from './commands/all.ts';
import { CONFIG_OPTION, print, type GlobalArgs } from './commands/command.ts';
import { terminalOf } from './commands/terminal.ts';
import { EXIT, OperationalError, type ExitStatus } from './errors.ts';
import { escapeControls } from './log.ts';
import { withSources } from './stack.ts';
import { allWritten, writeError } from './stdio.ts';

/** Runs the command that `argv` names and tells the exit status; prints its own errors. */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.ok;
  const cli = createParser();
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
    await cli.parseAsync(withNegativeValues(argv), {}, (_error, _args, help) => {
      if (help !== '') print(help);
    });
    return status;
  } catch (error) {
    return report(error);
  }
}

/** The same as all that a process does. */
export async function runToExit(argv: readonly string[]): Promise<never> {
  process.on('uncaughtException', (error) => process.exit(report(error)));
  const status = await main(argv);
  await allWritten();
  process.exit(status); // what a failed part still holds open must not keep the process
}

/** `--for -5m` as one word, or yargs takes the value for options: whoever reads it says what is wrong with it. */
function withNegativeValues(argv: readonly string[]): string[] {
  return argv.flatMap((word, index) => {
    if (TAKES_DURATION.test(word) && isNegative(argv[index + 1])) return [`${word}=${argv[index + 1]}`];
    return isNegative(word) && TAKES_DURATION.test(argv[index - 1] ?? '') ? [] : [word];
  });
}

const TAKES_DURATION = /^--(?:for|since)$/;

function isNegative(word: string | undefined): boolean {
  return word !== undefined && /^-[\d.]/.test(word);
}

function createParser(): Argv<GlobalArgs> {
  return yargs()
    .scriptName('relaypass')
    .locale('en') // as all other words are
    .usage(`$0 <command>\n\n${SUMMARY}.`)
    .option('config', CONFIG_OPTION)
    .strict()
    .demandCommand(1, 'a command is missing')
    .recommendCommands()
    .updateStrings(WORDS)
    .alias('help', 'h')
    .epilog(EXIT_STATUSES)
    .wrap(Math.min(100, terminalOf().columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? mistake(message);
    });
}

function mistake(message: string): OperationalError {
  const sentence = message.replaceAll(/\s*\n\s*/g, ' ');
  return new OperationalError('usage', EXIT.usage, `${sentence}; see "relaypass --help"`);
}

/** What yargs would say of a mistake, as a sentence. */
const WORDS = {
  'Did you mean %s?': 'unknown command; did you mean "%s"?',
  'Invalid values:': 'invalid value:',
  'Argument: %s, Given: %s, Choices: %s': '%s: found %s, expected one of %s',
  'Not enough arguments following: %s': 'a value is missing after --%s',
};

/** What is escaped of a message, which may quote a file that is not root's. Tabs stay: lines of sendmail.cf need them. */
const TEXT_OF_A_LINE = /[^\n\t]+/g;

function report(error: unknown): ExitStatus {
  // yargs throws so, past its fail(), for a value that is missing
  if (error instanceof Error && error.name === 'YError') return report(mistake(error.message));
  if (error instanceof OperationalError) {
    writeError(`relaypass: ${error.message.replaceAll(TEXT_OF_A_LINE, escapeControls)}\n`);
    return error.exitStatus;
  }
  const detail = error instanceof Error ? withSources(error.stack ?? error.message) : String(error);
  writeError(`relaypass: this is a bug in relaypass, please report it:\n${detail}\n`);
  return EXIT.software;
}
