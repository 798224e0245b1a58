/** Completion scripts for the shells, made of the commands and options that the program has. */
import { CONFIG_OPTION } from './command.ts';
import type { RecordedCommand } from './recorded.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** The script of `shell` for `commands`. */
export function completionScript(shell: Shell, commands: readonly RecordedCommand[]): string {
  return { bash, zsh, fish }[shell](commands.map(surfaceOf));
}

/** A command as a shell knows it. */
interface Surface {
  readonly name: string;
  readonly about: string;
  readonly options: readonly Flag[];
}

interface Flag {
  readonly name: string;
  readonly about: string;
  readonly takesValue: boolean;
}

function surfaceOf({ listed: { usage, about }, options }: RecordedCommand): Surface {
  const own = options.map(([name, { describe = '', type }]) => ({
    name,
    about: describe,
    takesValue: type !== 'boolean',
  }));
  return { name: usage.split(' ', 1)[0] ?? '', about, options: [...own, ...FLAGS_OF_ALL] };
}

const FLAGS_OF_ALL: readonly Flag[] = [
  { name: 'config', about: CONFIG_OPTION.describe, takesValue: true },
  { name: 'help', about: 'Show help', takesValue: false },
];

function bash(surfaces: readonly Surface[]): string {
  const cases = surfaces.map(({ name, options }) => `    ${name}) words='${options.map(asWord).join(' ')}' ;;`);
  return `# bash completion for relaypass
_relaypass() {
  local words=
  case \${COMP_WORDS[1]-} in
${cases.join('\n')}
  esac
  [ "$COMP_CWORD" -gt 1 ] || words='${surfaces.map(({ name }) => name).join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _relaypass relaypass
`;
}

function asWord({ name }: Flag): string {
  return `--${name}`;
}

function zsh(surfaces: readonly Surface[]): string {
  const commands = surfaces.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`);
  const cases = surfaces.map(({ name, options }) => {
    return `    ${name}) _arguments ${options.map(asArgument).join(' ')} '*:file:_files' ;;`;
  });
  return `#compdef relaypass
_relaypass() {
  local -a commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _relaypass ]; then _relaypass "$@"; else compdef _relaypass relaypass; fi
`;
}

function asArgument({ name, about, takesValue }: Flag): string {
  const escaped = about.replaceAll(/[\\[\]:]/g, String.raw`\$&`);
  return quote(`--${name}[${escaped}]${takesValue ? ':value:_files' : ''}`);
}

function fish(surfaces: readonly Surface[]): string {
  const lines = surfaces.flatMap(({ name, about, options }) => [
    `complete -c relaypass -n __fish_use_subcommand -f -a ${name} -d ${quote(about)}`,
    ...options.map((option) => {
      const value = option.takesValue ? ' -r' : '';
      return `complete -c relaypass -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${value} -d ${quote(option.about)}`;
    }),
  ]);
  return `# fish completion for relaypass\n${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
