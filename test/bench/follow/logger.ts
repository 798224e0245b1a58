/** Who writes the log of the follow benchmark: a process of ours, or the real rsyslogd to which that process sends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loggingTools } from '../../e2e/lab/tools.ts';
import { end } from './reader.ts';

const POLL_MS = 20;
const FLUSH_MS = 1000; // rsyslogd writes what it has received last

/** How much was written. */
export interface Written {
  readonly lines: number;
  readonly logins: number;
}

export class Logger {
  readonly #log: string;
  readonly #rsyslogd: ChildProcess | undefined;
  readonly #writer: ChildProcess;

  private constructor(log: string, writer: ChildProcess, rsyslogd: ChildProcess | undefined) {
    this.#log = log;
    this.#writer = writer;
    this.#rsyslogd = rsyslogd;
  }

  /** Begins to write `rate` lines a second, each `loginEvery`th a login. */
  static async start(log: string, rate: number, loginEvery: number, through?: 'rsyslogd'): Promise<Logger> {
    const port = through && (await freePort());
    const rsyslogd = port === undefined ? undefined : await startRsyslogd(log, port);
    const script = path.join(import.meta.dirname, 'writer-process.js');
    const args = [script, port === undefined ? log : `tcp:${port}`, String(rate), String(loginEvery)];
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await told(writer);
    return new Logger(log, writer, rsyslogd);
  }

  /** Whom logrotate has to tell. */
  get pid(): number | undefined {
    return (this.#rsyslogd ?? this.#writer).pid;
  }

  /** Makes the log, and has it opened anew. */
  reopen(): void {
    fs.closeSync(fs.openSync(this.#log, 'a'));
    (this.#rsyslogd ?? this.#writer).kill('SIGHUP');
  }

  /** Whether whoever writes the log has `file` open. */
  hasOpen(file: string): boolean {
    const folder = `/proc/${this.pid}/fd`;
    return fs.readdirSync(folder).some((fd) => fs.readlinkSync(`${folder}/${fd}`) === file);
  }

  async pause(): Promise<Written> {
    const written = told(this.#writer);
    this.#writer.kill('SIGUSR2');
    return written;
  }

  resume(): void {
    this.#writer.kill('SIGUSR2');
  }

  async stop(): Promise<Written> {
    const written = told(this.#writer);
    await end(this.#writer, 'SIGTERM');
    if (this.#rsyslogd !== undefined) {
      await sleep(FLUSH_MS);
      await end(this.#rsyslogd, 'SIGTERM');
    }
    return written;
  }
}

/** What `writer` says next. */
async function told(writer: ChildProcess): Promise<Written> {
  const [text] = writer.stdout === null ? [] : await once(writer.stdout, 'data');
  const [lines = NaN, logins = NaN] = String(text).trim().split(' ').map(Number);
  return { lines, logins };
}

async function startRsyslogd(log: string, port: number): Promise<ChildProcess> {
  const tools = loggingTools('rsyslogd');
  if (tools === undefined) throw new Error('there is no rsyslogd');
  const config = `${log}.rsyslog.conf`;
  const input = `module(load="imtcp")\ninput(type="imtcp" port="${port}" address="127.0.0.1")\n`;
  fs.writeFileSync(config, `${input}action(type="omfile" file="${log}" template="RSYSLOG_FileFormat")\n`);
  const folders = (tools.env['LD_LIBRARY_PATH'] ?? '').split(':').map((folder) => path.join(folder, 'rsyslog'));
  const modules = folders.filter((folder) => path.isAbsolute(folder) && fs.existsSync(folder));
  const args = ['-n', '-f', config, '-i', `${log}.rsyslog.pid`, ...modules.flatMap((folder) => ['-M', folder])];
  const env = { ...process.env, ...tools.env };
  const rsyslogd = spawn(path.join(tools.folder, 'rsyslogd'), args, { stdio: 'ignore', env });
  while (!(await isOpen(port))) await sleep(POLL_MS);
  return rsyslogd;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
