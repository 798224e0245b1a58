/** What hosts do to their logs, once a round of the follow benchmark. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

export interface Scenario {
  readonly name: string;
  readonly round: (stage: Stage, round: number) => Promise<void> | void;
  /** Makes the log; an empty file where it does not say. */
  readonly prepare?: (log: string) => void;
  /** Real programs that it uses. */
  readonly needs?: readonly ('logrotate' | 'rsyslogd')[];
}

const GAP_MS = 200;
const DELAY_MS = 3000;
const BETWEEN_TWO_LOOKS_MS = 20;
const BEFORE_GZIP_MS = 50;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'no rotation', round: () => undefined },
  { name: 'renamed, created', round: renameAndReopen },
  {
    name: 'reopened 200 ms later',
    round: async (stage) => {
      stage.rename();
      fs.writeFileSync(stage.log, '');
      await sleep(GAP_MS);
      stage.logger.reopen();
    },
  },
  {
    name: 'created 3 s later',
    round: async (stage, round) => {
      if (round % 3 !== 0) return;
      stage.rename();
      await sleep(DELAY_MS);
      stage.logger.reopen();
    },
  },
  {
    name: 'twice within 20 ms',
    round: async (stage) => {
      renameAndReopen(stage);
      await sleep(BETWEEN_TWO_LOOKS_MS);
      renameAndReopen(stage);
    },
  },
  {
    name: 'renamed and gzipped',
    round: async (stage) => {
      renameAndReopen(stage);
      await sleep(BEFORE_GZIP_MS);
      await stage.gzip(`${stage.log}.1`);
    },
  },
  {
    name: 'renamed by date',
    round: (stage, round) => {
      fs.renameSync(stage.log, dated(stage.log, round + 1));
      stage.logger.reopen();
    },
  },
  {
    name: 'copytruncate',
    round: (stage) =>
      stage.whilePaused(() => {
        stage.copy();
        fs.truncateSync(stage.log);
      }),
  },
  { name: 'truncated, regrown', round: (stage) => stage.whenRead(() => fs.truncateSync(stage.log)) },
  {
    name: 'truncated to same size',
    round: (stage) =>
      stage.whenRead(() => {
        const { size } = fs.statSync(stage.log);
        fs.writeFileSync(stage.log, `${'-'.repeat(99)}\n`.repeat(Math.ceil(size / 100)).slice(-size));
      }),
  },
  {
    name: 'symlink switched',
    prepare: (log) => fs.symlinkSync(newTarget(log, 1), log),
    round: ({ log, logger }, round) => {
      fs.symlinkSync(newTarget(log, round + 2), `${log}.new`);
      fs.renameSync(`${log}.new`, log);
      logger.reopen();
    },
  },
  {
    name: 'unlinked, inode reused',
    round: (stage) =>
      stage.whenRead(() => {
        fs.unlinkSync(stage.log);
        stage.logger.reopen();
      }),
  },
  { name: 'the real logrotate', needs: ['logrotate'], round: (stage) => stage.logrotate() },
  { name: 'logrotate, rsyslogd', needs: ['logrotate', 'rsyslogd'], round: (stage) => stage.logrotate() },
];

function renameAndReopen(stage: Stage): void {
  stage.rename();
  stage.logger.reopen();
}

/** Named as cronolog does, so that the one in between is found where the link was switched twice between two looks. */
function newTarget(log: string, day: number): string {
  const target = dated(log, day);
  fs.writeFileSync(target, '');
  return target;
}

function dated(log: string, day: number): string {
  return `${log}-202611${String(day).padStart(2, '0')}`;
}
