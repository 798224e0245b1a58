/**
 * Runs one of the MTA's tools under limits: a time limit, after which its whole process group is killed, and a cap on
 * what it may say. On a full disk makemap goes on for minutes, with a line of complaint a key.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { pipeline, Readable, type Writable } from 'node:stream';
import { errnoOf } from '../errors.ts';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it reads, made as it reads it; without it standard input is empty. */
  readonly input?: Iterable<string>;
  readonly timeoutMs: number;
  /** @default 65536 */
  readonly maxStdoutBytes?: number;
}

/** What it said, and in `fault` what went wrong with it: undefined only for exit status 0 within the limits. */
export interface ToolResult {
  readonly fault: string | undefined;
  /** Its exit status, undefined where it did not exit by itself. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 64 * 1024; // an answer is a word, a complaint a line

export function runTool(run: ToolRun): Promise<ToolResult> {
  const { command, args, cwd, env, input, timeoutMs, maxStdoutBytes } = run;
  return new Promise((resolve) => {
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const child = spawn(command, args, { cwd, env, detached: true, stdio: [stdin, 'pipe', 'pipe'] });
    let killedFor: string | undefined;
    const kill = (why: string) => {
      killedFor ??= why;
      killGroup(child);
      for (const stream of child.stdio) stream?.destroy(); // one that left the group may hold them
    };
    const timer = setTimeout(() => kill(`did not finish in ${timeoutMs / 1000} s and was killed`), timeoutMs);
    if (child.stdin !== null && input !== undefined) feed(child.stdin, input, kill);
    const tooMuch = () => kill('said too much and was killed');
    const stdout = collect(child.stdout, maxStdoutBytes ?? MAX_OUTPUT_BYTES, tooMuch);
    const stderr = collect(child.stderr, MAX_OUTPUT_BYTES, tooMuch);
    const end = (fault: string | undefined, status?: number) => {
      clearTimeout(timer);
      resolve({ fault: killedFor ?? fault, status, stdout: stdout(), stderr: stderr() });
    };
    child.on('error', (error) => end(`cannot be run: ${error.message}`));
    child.on('close', (status, signal) => end(faultOf(status, signal), status ?? undefined));
  });
}

function faultOf(status: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return `was killed by ${signal}`;
  return status === 0 ? undefined : `exited with status ${status}`;
}

/** A tool that leaves before it has read all of it tells by its status how it fared. */
function feed(stdin: Writable, input: Iterable<string>, fail: (why: string) => void): void {
  pipeline(Readable.from(input), stdin, (error) => {
    if (error && !HAS_LEFT.has(errnoOf(error) ?? '')) fail(`could not be given its input: ${error.message}`);
  });
}

const HAS_LEFT = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Keeps the first `maxBytes` or so of what `stream` says. */
function collect(stream: ChildProcess['stdout'], maxBytes: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else onTooMuch();
  });
  return () => Buffer.concat(chunks).toString();
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error; // it has just ended by itself
  }
}
