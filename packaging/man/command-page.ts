/** relaypass(1), from the table of commands and what each tells yargs. */
import type { Options } from 'yargs';
import { COMMANDS, SUMMARY } from '../../src/commands/all.ts';
import { CONFIG_OPTION } from '../../src/commands/command.ts';
import { EXIT } from '../../src/errors.ts';
import { recordCommand, type RecordedCommand } from '../../src/commands/recorded.ts';
import { definition, heading, inline, literal, paragraph, section, subsection } from './roff.ts';

export async function commandPage(): Promise<string[]> {
  const commands: RecordedCommand[] = [];
  for (const listed of COMMANDS) commands.push(await recordCommand(listed));
  return [
    ...heading('relaypass', 1, 'POP before SMTP for Sendmail and Postfix'),
    ...section('Synopsis', inline('`relaypass` COMMAND [OPTION]...')),
    ...section('Description', inline(`${SUMMARY}. Every command works with the daemon running or not.`)),
    ...paragraph('Run as root, a command acts as the owner of the state folder.'),
    ...section('Commands', ...commands.flatMap(commandSection)),
    ...section(
      'Options of every command',
      ...option('config', CONFIG_OPTION),
      ...option('help', { describe: 'Tell how it is used' }),
    ),
    ...section('Exit status', ...exitStatuses()),
    ...section('Files', ...FILES.flatMap(([file, about]) => definition(file, about))),
    ...section('See also', inline('`relaypass.toml`(5), `relaypass-patterns`(5)')),
  ];
}

const FILES = [
  ['/etc/relaypass/relaypass.toml', 'The configuration; it may be missing.'],
  ['/etc/relaypass/patterns.d', "The admin's own patterns."],
  ['/var/lib/relaypass', 'The store and the maps.'],
] as const;

function commandSection({ listed, positionals, options, examples, epilogs }: RecordedCommand): string[] {
  return [
    ...subsection(`relaypass ${listed.usage}`, ...paragraph(`${listed.about}.`)),
    ...positionals.flatMap(([name, { describe = '' }]) => definition(name.toUpperCase(), `${describe}.`)),
    ...options.flatMap(([name, options_]) => option(name, options_)),
    ...epilogs.flatMap(paragraph),
    ...examples.flatMap(([line, about]) => literal([`${line}   # ${about}`])),
  ];
}

function option(name: string, { alias, type, default: value, defaultDescription, describe = '' }: Options): string[] {
  const flags = [alias ?? [], name].flat().map((flag) => (flag.length === 1 ? `-${flag}` : `--${flag}`));
  const argument = type === 'string' || type === 'number' ? ` ${name.toUpperCase()}` : '';
  const told = defaultDescription ?? (type === 'boolean' || value === undefined ? undefined : String(value));
  return definition(flags.join(', ') + argument, `${describe}.${told === undefined ? '' : ` Default: ${told}.`}`);
}

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done.',
  usage: 'The command line is wrong.',
  dataErr: 'The data are not what was expected.',
  unavailable: 'What was asked for cannot be had.',
  software: 'A bug in relaypass.',
  cantCreate: 'A file or folder cannot be made.',
  io: 'Reading or writing failed.',
  tempFail: 'It failed for now; try again.',
  noPermission: 'Not permitted to this user.',
  config: 'The configuration or a pattern is wrong.',
};

function exitStatuses(): string[] {
  return Object.entries(EXIT).flatMap(([name, status]) =>
    definition(String(status), MEANINGS[name as keyof typeof EXIT]),
  );
}
