/**
 * Loads a program of dist/bin, which packaging/bundle makes, with what V8 compiled of it when it was built: reading its
 * modules one by one and compiling them takes longer than all the rest of a short command. A file is read when a module
 * of it is first asked for.
 *
 * The compiled code is a file of the package, as much to be trusted as the program, and nothing is written at run time.
 * It fits only the Node.js that made it, whose version is in its name; where there is none that fits, V8 compiles.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import type * as program from '../program.ts';
import type * as readThrough from '../store/read-through.ts';

/** The programs in dist/bin, by name. */
export interface Programs {
  readonly program: typeof program;
  readonly 'read-through': typeof readThrough;
}

/** The file of that name in the folder `dir`, and `external` finds what is outside of it: Node's modules and packages. */
export function loadProgram<Name extends keyof Programs>(name: Name, dir: string, external: Require): Programs[Name] {
  return new Loader(dir, external).require(`./${name}`) as Programs[Name];
}

/** As far as what is bundled uses it. */
type Require = ((id: string) => unknown) & Pick<NodeJS.Require, 'resolve'>;

/** The modules of the files in `dir`, each evaluated once: `./list` is that of the file `list.cjs`, `./list/2` another. */
export class Loader {
  /** For an id of another form, what is outside of the bundle. */
  readonly require: Require;
  /** Of each file that was read. */
  readonly scripts = new Map<string, Script>();
  readonly #dir: string;
  readonly #modules = new Map<string, Modules>();
  readonly #evaluated = new Map<string, unknown>();

  constructor(dir: string, external: Require) {
    setFlagsFromString(`--interrupt-budget=${PATIENCE_BYTES}`);
    setFlagsFromString('--max-bytecode-size-for-early-opt=0'); // for small functions too
    this.#dir = dir;
    const find = (id: string) => (id.startsWith('./') ? this.#exportsOf(id) : external(id));
    this.require = Object.assign(find, { resolve: external.resolve });
  }

  #exportsOf(id: string): unknown {
    if (!this.#evaluated.has(id)) this.#evaluated.set(id, this.#evaluate(id));
    return this.#evaluated.get(id);
  }

  #evaluate(id: string): unknown {
    const file = path.join(this.#dir, `${id.split('/')[1]}.cjs`);
    let modules = this.#modules.get(file);
    if (modules === undefined) this.#modules.set(file, (modules = this.#read(file)));
    const evaluate = modules[id];
    if (evaluate === undefined) throw new Error(`${file} has no ${id}`);
    return evaluate(this.require);
  }

  #read(file: string): Modules {
    const code = codeFile(file);
    const script = compile(file, existsSync(code) ? readFileSync(code) : undefined);
    this.scripts.set(file, script);
    return (script.runInThisContext() as (dirname: string) => Modules)(this.#dir);
  }
}

/** What a file is: see packaging/bundle/pack.ts. */
type Modules = Readonly<Record<string, (require: Require) => unknown>>;

/** Where the compiled code of the program `file` is, for this Node.js. */
export function codeFile(file: string): string {
  return file.replace(/\.cjs$/, `-${process.version}-${process.arch}.code`);
}

/** Needs the same flags as when `cachedData` was made. */
export function compile(file: string, cachedData?: Buffer): Script {
  const filename = path.basename(file); // kept in the compiled code, wherever that is installed
  return new Script(readFileSync(file, 'latin1'), { filename, cachedData }); // the bundle is ASCII
}

/**
 * How much bytecode V8 runs of a function before it considers to optimise it; its own 132 KiB are too little for work
 * that is over soon. A listing of a thousand takes a seventh less CPU, and an idle daemon 4 MiB less, since it never
 * calls for the optimising compiler.
 */
const PATIENCE_BYTES = 500_000;
