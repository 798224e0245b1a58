/** The shape of a command file: its options, and what it does. cli.ts loads it only when it is called. */
import type { Argv } from 'yargs';
import type { ExitStatus } from '../errors.ts';
import { writeOut } from '../stdio.ts';

/** The option that every command takes. */
export const CONFIG_OPTION = {
  type: 'string',
  requiresArg: true,
  describe: 'Configuration file',
  defaultDescription: '/etc/relaypass/relaypass.toml',
} as const;

/** Options that every command takes, as it receives them. */
export interface GlobalArgs {
  /** Path of the configuration, undefined for the default one. */
  config: string | undefined;
}

export interface Command {
  builder(argv: Argv<GlobalArgs>): Argv;
  run(args: unknown): Promise<ExitStatus>;
}

/** A row of the table of commands. */
export interface ListedCommand {
  /** As yargs takes it: name and positional arguments. */
  readonly usage: string;
  readonly about: string;
  /** Loads the command's file, when it is called and not before: start-up is most of a short command's time. */
  readonly load: () => Promise<{ command: Command }>;
}

/** Ties a command's options to the arguments that its `run` receives; yargs has checked them when it is called. */
export function defineCommand<T>(
  builder: (argv: Argv<GlobalArgs>) => Argv<T>,
  run: (args: T) => Promise<ExitStatus>,
): Command {
  return { builder, run: (args) => run(args as T) };
}

/** Writes a command's result. */
export function print(text: string): void {
  writeOut(text.endsWith('\n') ? text : `${text}\n`);
}

/** Writes a value as JSON, two spaces deep. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}
