/** The process of its own in which store/probe.ts reads a store. */
import { loadProgram } from './load-program.ts';

void loadProgram().probeToExit(process.argv[2] ?? '');
