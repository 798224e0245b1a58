import { configFile, loadConfig } from '../config/load.ts';
import { effectiveSettings, type Found, type Setting } from '../config/effective.ts';
import type { Config, MapConfig } from '../config/schema.ts';
import { EXIT } from '../errors.ts';
import { resolveMaps, type MapTarget } from '../map/target.ts';
import { hostTools, type MapTools } from '../map/tools.ts';
import { detectSources } from '../source/detect.ts';
import { defineCommand, print } from './command.ts';
import { jsonOptions, printRows } from './json-rows.ts';

/** `relaypass config`: the configuration as it takes effect, as TOML that can be used as such. */
export const command = defineCommand(
  (argv) =>
    jsonOptions(argv)
      .example('$0 config', 'what holds, and which line says so?')
      .epilog('JSON: table, index, key, value, from (file, default, host), file, line.'),
  ({ config: named, ...args }) => {
    const settings = settingsOf(named);
    printRows(settings, args, () => print(renderSettings(settings).join('\n')));
    return Promise.resolve(EXIT.ok);
  },
);

/** Every option of the configuration that a command line names, and where it comes from. */
export function settingsOf(named: string | undefined): Setting[] {
  return effectiveSettings(configFile(named), found(loadConfig(named)));
}

function found({ map, state_dir: stateDir }: Config): Found {
  const tools = hostTools();
  const targets = resolveMaps(map, stateDir, tools);
  const asTable = (target: MapTarget) => ({ mta: mtaOf(target, tools), type: target.type, path: target.path });
  return { source: detectSources().sources, map: targets.map(asTable) };
}

function mtaOf({ builder, form }: MapTarget, tools: MapTools): MapConfig['mta'] {
  if (builder === 'makemap') return 'sendmail';
  return form === 'postfix' && tools.find('postmap') !== undefined ? 'postfix' : 'none';
}

const ORIGIN_COLUMN = 44;

/** As TOML: a JSON string, number or array of them is one of TOML too. */
export function renderSettings(settings: readonly Setting[]): string[] {
  const lines: string[] = [];
  let open = '';
  for (const setting of settings) {
    const { table, index, key, value } = setting;
    const header = `${table} ${index}`;
    if (table !== '' && header !== open) lines.push('', table);
    open = header;
    lines.push(`${`${key} = ${JSON.stringify(value)}`.padEnd(ORIGIN_COLUMN)} # ${originOf(setting)}`);
  }
  return lines;
}

function originOf({ from, file, line }: Setting): string {
  if (from === 'file') return line === undefined ? `${file}` : `${file}:${line}`;
  return from === 'host' ? 'found on this host' : 'default';
}
