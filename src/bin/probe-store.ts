/** Starts the process of its own in which store/read-through.ts reads a store. */
import { loadProgram } from './load-program.ts';

void loadProgram('read-through').probeToExit(process.argv[2] ?? '');
