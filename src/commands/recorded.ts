/** What a command's builder tells yargs, recorded: yargs itself gives it out as finished help text only. */
import type { Argv, Options, PositionalOptions } from 'yargs';
import type { GlobalArgs, ListedCommand } from './command.ts';

export interface RecordedCommand {
  readonly listed: ListedCommand;
  readonly positionals: readonly (readonly [string, PositionalOptions])[];
  readonly options: readonly (readonly [string, Options])[];
  readonly examples: readonly (readonly [string, string])[];
  readonly epilogs: readonly string[];
}

export async function recordCommand(listed: ListedCommand): Promise<RecordedCommand> {
  const { command } = await listed.load();
  const recorder = new Recorder();
  command.builder(recorder as unknown as Argv<GlobalArgs>);
  const { positionals, options, examples, epilogs } = recorder;
  return { listed, positionals, options, examples, epilogs };
}

/** The part of yargs that the commands use; another method of it fails the build, and is then added here. */
class Recorder {
  readonly positionals: [string, PositionalOptions][] = [];
  readonly options: [string, Options][] = [];
  readonly examples: [string, string][] = [];
  readonly epilogs: string[] = [];

  positional(name: string, options: PositionalOptions): this {
    this.positionals.push([name, options]);
    return this;
  }

  option(name: string, options: Options): this {
    this.options.push([name, options]);
    return this;
  }

  example(commandLine: string, about: string): this {
    this.examples.push([commandLine.replace('$0', 'relaypass'), about]);
    return this;
  }

  epilog(text: string): this {
    this.epilogs.push(text);
    return this;
  }
}
