/**
 * Which process is the daemon: a pid alone may be somebody else's by now, so it goes with the instant at which the
 * kernel started it, as /proc/PID/stat tells (proc(5): field 22, in clock ticks since boot).
 */
import { readFileSync } from 'node:fs';
import { errnoOf } from './errors.ts';

/** What tells a process from every other, also from one that has had its pid. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: string;
}

/** A daemon, as it notes itself in the store. */
export interface Presence extends ProcessMark {
  /** When it began to serve, epoch milliseconds. */
  readonly startedAt: number;
}

/** This process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' };
}

/** This process, as a daemon. */
export function ownPresence(startedAt: number): Presence {
  return { ...ownMark(), startedAt };
}

/** Whether that very process is there. */
export function isPresent({ pid, startTicks }: ProcessMark): boolean {
  return startTicksOf(pid) === startTicks;
}

/**
 * Whether that process may be there still. A command of root's that acts as the owner of the state folder is hidden in
 * /proc from the daemon, whose unit has ProtectProc=invisible; then its pid alone has to do.
 */
export function mayBePresent({ pid, startTicks }: ProcessMark): boolean {
  const ticks = startTicksOf(pid);
  return ticks === undefined ? isTaken(pid) : ticks === startTicks;
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

/** Whether the two are one process. */
export function isSameProcess(one: ProcessMark, other: ProcessMark): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks;
}

/** Undefined where there is no such process, or it is hidden. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME]; // a command's name may hold anything
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

const START_TIME = 22 - 3; // behind the name come the fields from 3 on
