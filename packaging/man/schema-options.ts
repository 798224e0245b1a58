/** The options of a zod schema, as definitions of a man page: a section for each table. */
import * as z from 'zod';
import { definition, paragraph, subsection } from './roff.ts';

interface JsonSchema {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly items?: JsonSchema | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
}

/** The options outside any table first, then each table under its header as written in the file. */
export function schemaOptions(schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const options = Object.entries(properties);
  const [plain, tables] = [
    options.filter(([, option]) => !isTable(option)),
    options.filter(([, option]) => isTable(option)),
  ];
  return [...plain.flatMap(optionOf), ...tables.flatMap(tableOf)];
}

function isTable(schema: JsonSchema): boolean {
  return variantsOf(schema.items ?? schema).some(({ properties }) => properties !== undefined);
}

function tableOf([name, schema]: [string, JsonSchema]): string[] {
  const header = schema.items === undefined ? `[${name}]` : `[[${name}]]`;
  const options = mergedOptions(variantsOf(schema.items ?? schema));
  return [...subsection(header, ...paragraph(described(name, schema))), ...[...options].flatMap(optionOf)];
}

/** The options of all variants of a table; one that several have takes what any of them takes. */
function mergedOptions(variants: readonly JsonSchema[]): Map<string, JsonSchema> {
  const merged = new Map<string, JsonSchema>();
  for (const [name, option] of variants.flatMap(({ properties = {} }) => Object.entries(properties))) {
    const first = merged.get(name);
    const choices = [...choicesOf(first), ...choicesOf(option)];
    merged.set(name, { ...option, ...first, enum: choices.length > 0 ? choices : undefined });
  }
  return merged;
}

function choicesOf(schema: JsonSchema | undefined): readonly unknown[] {
  return schema?.enum ?? (typeof schema?.const === 'string' ? [schema.const] : []);
}

function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema];
}

function optionOf([name, schema]: [string, JsonSchema]): string[] {
  const text = described(name, schema);
  const choices =
    schema.enum === undefined ? '' : ` One of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}.`;
  const value = text.includes('Default:') ? undefined : schema.default;
  const told = value === undefined ? '' : ` Default: ${JSON.stringify(value)}.`;
  return definition(schema.const === true ? `${name} = true` : name, text + choices + told);
}

function described(name: string, { description }: JsonSchema): string {
  if (description === undefined) throw new Error(`option "${name}" has no description in its schema`);
  return description;
}
