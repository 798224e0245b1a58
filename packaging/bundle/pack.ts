/**
 * The files that ship, made of the modules into which esbuild splits the program: one for each entry point, with what
 * that needs and no earlier file has. So a command reads what it needs, in few files, and nothing is there twice.
 *
 * A file is a script, whose value bin/load-program.ts takes: a function that gives its modules, each a function too.
 *
 *     (function (__dirname) { return {
 *     "./list"(require) {
 *     const { formatDuration } = require("./list/3");
 *     ...
 *     return { command };
 *     },
 *     ...
 *     }; })
 *
 * Limits: knows those forms of `import` and `export` that esbuild prints, and fails where it finds others.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { BuildResult, Metafile } from 'esbuild';
import { asFunction } from './as-function.ts';

/** What esbuild gives when it splits, with the source maps in files of their own and nothing written. */
type Split = BuildResult<{ metafile: true; write: false }>;

/** A file that ships. */
interface PackedFile {
  /** As its entry point has it: `list`. */
  readonly name: string;
  readonly text: string;
  /** The index map (ECMA-426) of it. */
  readonly map: object;
}

/**
 * The files of all entry points, those of `first` before the others; but what all of `programs` need, which start
 * without each other, is in a file `shared`.
 */
export function pack(
  { outputFiles, metafile }: Split,
  programs: readonly string[],
  first: readonly string[],
): PackedFile[] {
  const texts = new Map(outputFiles.map((file) => [path.basename(file.path), file.text]));
  const textOf = (name: string) => texts.get(name) ?? '';
  const places = placesOf(metafile.outputs, programs, first);
  const ids = new Map(places.flatMap((place) => [...place.ids]));
  if (new Set(places.map(({ name }) => name)).size < places.length) throw new Error('two files of one name');
  return places.map(({ name, ids: own }) => {
    let text = '(function (__dirname) { return {\n';
    const sections = Array.from(own, ([output, id]) => {
      text += `${JSON.stringify(id)}(require) {\n`;
      const line = text.split('\n').length - 1;
      text += `${asFunction(textOf(output), ids)}},\n`;
      const map: unknown = JSON.parse(textOf(`${output}.map`));
      return { offset: { line, column: 0 }, map };
    });
    return { name, text: `${text}}; })\n`, map: { version: 3, sections } };
  });
}

/** The names of the files in `dir`, each of which has its map beside it. */
export function packedIn(dir: string): string[] {
  return readdirSync(dir).flatMap((file) => /^(.*)\.cjs\.map$/.exec(file)?.[1] ?? []);
}

/** A file, and of each module in it the name that esbuild gave it and the id by which the others ask for it. */
interface Place {
  readonly name: string;
  readonly ids: ReadonlyMap<string, string>;
}

type Outputs = Metafile['outputs'];

function placesOf(outputs: Outputs, programs: readonly string[], first: readonly string[]): Place[] {
  const entries = new Map<string, string>();
  for (const [output, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined) entries.set(entryPoint, output);
  const neededBy = (entry: string) => [...closureOf(entries.get(entry) ?? '', outputs)];
  const taken = new Set<string>();
  const place = (name: string, needed: readonly string[]) => {
    const own = needed.filter((output) => !taken.has(output));
    for (const output of own) taken.add(output);
    const idOf = (index: number) => (index === 0 ? `./${name}` : `./${name}/${index}`);
    return { name, ids: new Map(own.map((output, index) => [path.basename(output), idOf(index)])) };
  };
  const shared = Object.keys(outputs).filter((output) => programs.every((entry) => neededBy(entry).includes(output)));
  const ordered = new Set([...first, ...[...entries.keys()].toSorted()]);
  return [place('shared', shared), ...[...ordered].map((entry) => place(path.basename(entry, '.ts'), neededBy(entry)))];
}

/** The module `output`, which comes first, and all that it imports at once. */
function closureOf(output: string, outputs: Outputs, found = new Set<string>()): Set<string> {
  if (found.has(output)) return found;
  found.add(output);
  for (const { path: imported, kind, external } of outputs[output]?.imports ?? [])
    if (kind === 'import-statement' && external !== true) closureOf(imported, outputs, found);
  return found;
}
