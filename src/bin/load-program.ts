/**
 * Loads a program, one file made by packaging/bundle, with what V8 compiled of it when it was built: reading its
 * modules one by one and compiling them takes longer than all the rest of a short command.
 *
 * The compiled code is a file of the package, as much to be trusted as the program, and nothing is written at run time.
 * It fits only the Node.js that made it, whose version is in its name; where there is none that fits, V8 compiles.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** The program of that name in the folder of the file that starts it. */
export function loadProgram<Name extends keyof Programs>(name: Name): Programs[Name] {
  const file = path.join(import.meta.dirname, `${name}.cjs`);
  const code = codeFile(file);
  return evaluate(file, compile(file, existsSync(code) ? readFileSync(code) : undefined)) as Programs[Name];
}

/** Where the compiled code of the program `file` is, for this Node.js. */
export function codeFile(file: string): string {
  return file.replace(/\.cjs$/, `-${process.version}-${process.arch}.code`);
}

/** Needs the same flags as when `cachedData` was made, and so sets them itself. */
export function compile(file: string, cachedData?: Buffer): Script {
  setFlagsFromString(`--interrupt-budget=${PATIENCE_BYTES}`);
  setFlagsFromString('--max-bytecode-size-for-early-opt=0'); // for small functions too
  const filename = path.basename(file); // kept in the compiled code, wherever that is installed
  return new Script(readFileSync(file, 'latin1'), { filename, cachedData }); // the bundle is ASCII
}

/**
 * How much bytecode V8 runs of a function before it considers to optimise it; its own 132 KiB are too little for work
 * that is over soon. A listing of a thousand takes a seventh less CPU, and an idle daemon 4 MiB less, since it never
 * calls for the optimising compiler.
 */
const PATIENCE_BYTES = 500_000;

export function evaluate(file: string, script: Script): Programs[keyof Programs] {
  const wrapper = script.runInThisContext() as Wrapper;
  const module = { exports: {} };
  wrapper(module.exports, createRequire(file), module, file, path.dirname(file));
  return module.exports as Programs[keyof Programs];
}

/** As Node wraps a CommonJS module. */
type Wrapper = (exports: object, require: NodeJS.Require, module: object, filename: string, dirname: string) => void;
