/** All that dist/bin/program.cjs gives to the files in bin/ that start it. */
export { main, runToExit } from './cli.ts';

/** See store/probe.ts: the commands do not need what it loads. */
export async function probeToExit(dir: string): Promise<void> {
  const { probeToExit: probe } = await import('./store/probe.ts');
  await probe(dir);
}
