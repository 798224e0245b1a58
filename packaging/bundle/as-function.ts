/**
 * A module as esbuild prints it, as the body of a function of `require` whose result are its exports. Line for line, so
 * that the source map still holds. What is imported is looked up once, as it never changes when a module has been
 * evaluated.
 */

/** `ids` has what the other modules are asked for by, by their files. */
export function asFunction(module: string, ids: ReadonlyMap<string, string>): string {
  const required = (file: string) => `require(${JSON.stringify(ids.get(file.replace('./', '')) ?? file)})`;
  const text = module
    .replace(IMPORT, (_, own: string | undefined, names: string | undefined, file: string) => {
      const imported = [own, names?.replaceAll(' as ', ': ')].flatMap((each) => each ?? []);
      return imported.length === 0
        ? `${required(file)};`
        : `const ${imported.map((each) => `${each} = ${required(file)}`).join(', ')};`;
    })
    .replace(EXPORT, (_, names: string) => `return ${names.replace(RENAMED, '$2: $1')};`)
    .replace(LOAD, (_, file: string) => `(async () => ${required(file)})()`);
  const rest = /^(?:import|export)\b.*|\bimport\("\.\/.*/m.exec(text);
  if (rest !== null) throw new Error(`as-function.ts does not know ${rest[0]}`);
  return text;
}

const IMPORT = /^import (?:(?:\* as )?([\w$]+)?(?:, )?(\{[^}]*\})? from )?"([^"\n]+)";$/gm;
const EXPORT = /^export (\{[^}]*\});$/gm;
const RENAMED = /([\w$]+) as ([\w$]+)/g;
const LOAD = /\bimport\("(\.\/[^"\n]+)"\)/g;
