/** Starts the process of its own in which store/read-through.ts reads a store. */
import { loadProgram } from './load-program.ts';

void loadProgram('read-through', import.meta.dirname, require).probeToExit(process.argv[2] ?? '');
