/**
 * The configuration as it takes effect, option by option, and where each value comes from: for `relaypass config`.
 * Values are as an admin writes them: a duration is "30m".
 *
 * Limits: the defaults inside a `[[lookup]]` are not told; an option written as a dotted key has no line.
 */
import * as z from 'zod';
import { configSchema } from './schema.ts';
import { readTomlWithLines } from './toml.ts';

/** One option. */
export interface Setting {
  /** Its table as TOML has it: empty, `[admission]`, `[[map]]`. */
  readonly table: string;
  /** Which one of several `[[map]]`, from 1. */
  readonly index?: number | undefined;
  readonly key: string;
  readonly value: unknown;
  /** `file` is the admin's word, `host` what was found there. */
  readonly from: 'file' | 'default' | 'host';
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** What the host decides where the admin has not: the tables of `[[source]]` and `[[map]]`. */
export type Found = Readonly<Record<'source' | 'map', readonly Table[]>>;

type Table = Readonly<Record<string, unknown>>;

/**
 * Every option of the configuration in `file`, which is valid; options outside of tables come first.
 * @param file undefined where there is none, and all is default
 */
export function effectiveSettings(file: string | undefined, found: Found): Setting[] {
  const { value, lineOf } = file === undefined ? NO_FILE : readTomlWithLines(file);
  const written = isTable(value) ? value : {};
  const origin = (option: Option): Setting => {
    if (writtenAt(written, option) !== undefined)
      return { ...placed(option), from: 'file', file, line: lineOf(nameOf(option)) };
    return { ...placed(option), from: option.name in found ? 'host' : 'default' };
  };
  const settings = flatten({ ...withDefaults(written), ...completed(written, found) }).map(origin);
  return settings.toSorted((a, b) => Number(a.table !== '') - Number(b.table !== ''));
}

const NO_FILE = { value: {}, lineOf: () => undefined };

/** Where an option stands: alone, in a table, or in one of several. */
interface Option {
  readonly name: string;
  readonly index: number | undefined;
  readonly key: string | undefined;
  readonly value: unknown;
}

function flatten(tables: Table): Option[] {
  return Object.entries(tables).flatMap(([name, value]): Option[] => {
    if (isTable(value)) return keysOf(name, undefined, value);
    if (Array.isArray(value) && value.some(isTable)) return value.flatMap((item, index) => keysOf(name, index, item));
    return value === undefined ? [] : [{ name, index: undefined, key: undefined, value }];
  });
}

function keysOf(name: string, index: number | undefined, table: unknown): Option[] {
  const entries = Object.entries(isTable(table) ? table : {}).filter(([, value]) => value !== undefined);
  return entries.map(([key, value]) => ({ name, index, key, value }));
}

function placed({ name, index, key, value }: Option): Pick<Setting, 'table' | 'index' | 'key' | 'value'> {
  if (key === undefined) return { table: '', key: name, value };
  if (index === undefined) return { table: `[${name}]`, key, value };
  return { table: `[[${name}]]`, index: index + 1, key, value };
}

function nameOf({ name, index, key }: Option): string {
  return `${name}${index === undefined ? '' : `[${index + 1}]`}${key === undefined ? '' : `.${key}`}`;
}

function writtenAt(written: Table, { name, index, key }: Option): unknown {
  const value = written[name];
  const table: unknown = index !== undefined && Array.isArray(value) ? value[index] : value;
  if (key === undefined) return value;
  return isTable(table) ? table[key] : undefined;
}

/** What the host found, and over it what the admin wrote. */
function completed(written: Table, found: Found): Table {
  const complete = (name: keyof Found): unknown => {
    const own = written[name];
    if (!Array.isArray(own)) return found[name];
    return own.map((table: unknown, index) => ({
      ...(name === 'map' ? found.map[index] : {}),
      ...(isTable(table) ? table : {}),
    }));
  };
  return { source: complete('source'), map: complete('map') };
}

const tableSchema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ default: z.unknown().optional() })),
});

function withDefaults(written: Table): Table {
  const { properties } = tableSchema.parse(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }));
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const own = written[name] ?? schema.default;
      const { data } = tableSchema.safeParse(schema);
      if (data === undefined || !isTable(own)) return [name, own];
      const defaults = Object.entries(data.properties).map(([key, option]) => [key, option.default] as const);
      return [name, { ...Object.fromEntries(defaults), ...own }];
    }),
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
