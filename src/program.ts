/** All that dist/bin/program.cjs gives to the file in bin/ that starts it. */
export { main, runToExit } from './cli.ts';
