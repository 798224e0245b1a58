/**
 * The MTA's own tools: where they are, and what they say about the map types they build. They are asked, since the
 * types of a distribution change: Berkeley DB is gone from some, and its hash with it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

type ToolName = 'makemap' | 'editmap' | 'postmap' | 'postconf' | 'postfix' | 'm4';

/** The tools of one host. */
export interface MapTools {
  /** The tool's file, undefined where the host has none. */
  find(tool: ToolName): string | undefined;
  /** What a tool runs with, and nothing else of ours. */
  readonly env: Readonly<Record<string, string>>;
}

// A daemon's PATH lacks most of these: Debian and Fedora keep makemap in the last two.
const TOOL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec/sendmail', '/usr/lib/sendmail'];
const PASSED_ON = ['PATH', 'MAIL_CONFIG', 'LD_LIBRARY_PATH']; // MAIL_CONFIG: a Postfix instance beside the main one

/** The tools on the PATH of `env` and where distributions keep them. */
export function hostTools(env: NodeJS.ProcessEnv = process.env): MapTools {
  const folders = [...(env['PATH'] ?? '').split(':'), ...TOOL_FOLDERS];
  const passedOn = Object.entries(env).filter(([name]) => PASSED_ON.includes(name));
  return {
    find: (tool) => folders.map((folder) => path.resolve('/', folder, tool)).find(isExecutable),
    env: { LC_ALL: 'C', ...Object.fromEntries(passedOn.map(([name, value]) => [name, String(value)])) },
  };
}

/** What `makemap -l` lists; undefined where there is no makemap, or it does not say. */
export function sendmailTypes(tools: MapTools): string[] | undefined {
  return askTool(tools, 'makemap', ['-l'])?.split(/\s+/).filter(Boolean);
}

/** What `postconf -m` lists; undefined where there is no Postfix, or it does not say. */
export function postfixTypes(tools: MapTools): string[] | undefined {
  return askTool(tools, 'postconf', ['-m'])?.split(/\s+/).filter(Boolean);
}

/** The type that this Postfix uses where its configuration names none. */
export function postfixDefaultType(tools: MapTools): string | undefined {
  return askTool(tools, 'postconf', ['-h', 'default_database_type'])?.trim();
}

const ASK_TIMEOUT_MS = 10_000; // each answers in milliseconds; a fatal Postfix tool sleeps a second first

/** What the tool answers; undefined where it is not there, or fails as an older one does that does not know the question. */
export function askTool(tools: MapTools, tool: ToolName, args: readonly string[]): string | undefined {
  const file = tools.find(tool);
  if (file === undefined) return undefined;
  const { status, stdout } = spawnSync(file, args, {
    env: tools.env,
    encoding: 'utf8',
    timeout: ASK_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: the next folder may have it
  }
}
