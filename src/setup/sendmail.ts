/**
 * Sendmail's part: one line at the end of sendmail.mc includes the rules of popauth.m4, and m4 makes sendmail.cf of both.
 * Where sendmail.cf is not made by m4, or was edited since, the admin is told the lines instead: it is nobody's to guess
 * which of the two files counts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SENDMAIL_INCLUDE, sendmailMapLine } from '../check/wiring.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { fingerprint, type Change, type Plan } from './change.ts';
import { readIfThere } from './file.ts';
import { popauthCf, popauthM4 } from './popauth.ts';
import { refused } from './refused.ts';
import { confirmMap, proveRules } from './sendmail-rules.ts';

const MAIL = '/etc/mail';
const MC = `${MAIL}/sendmail.mc`;
const CF = `${MAIL}/sendmail.cf`;
const RULES = '/etc/relaypass/popauth.m4';

/** @throws OperationalError `setup-refused`, 69, where the configuration is none that can be changed safely */
export async function planSendmail(target: MapTarget, tools: MapTools): Promise<Plan> {
  const cf = readIfThere(CF);
  if (cf === undefined) throw refused(`${CF}: not found: is Sendmail installed?`);
  const changes = uses(cf, target) ? [] : await wiring(cf, target, tools);
  const after = changes.at(-1)?.after ?? cf;
  return {
    changes,
    prove: () => aside((folder) => proveRules({ before: cf, after, folder, target, tools })),
    confirm: () => confirmMap(CF),
  };
}

function uses(cf: string, { path: map }: MapTarget): boolean {
  return cf.split('\n').some((line) => line.startsWith('K') && line.split(/\s+/).includes(map));
}

/** The rules, sendmail.mc and what comes of it, in this order, so that sendmail.cf is newer than what it is made of. */
async function wiring(cf: string, target: MapTarget, tools: MapTools): Promise<Change[]> {
  const byHand = `append these lines to ${CF}, columns separated by tabs:\n\n${popauthCf(target)}`;
  const mc = readIfThere(MC);
  if (mc === undefined) throw refused(`${MC}: not found, so ${CF} is not made of it: ${byHand}`);
  const now = makeCf(mc, tools, byHand);
  if (fingerprint(now, true) !== fingerprint(cf, true)) {
    const what = `${CF}: is not what m4 makes of ${MC}: either was edited alone`;
    throw refused(`${what}; if ${MC} is right, "make -C ${MAIL}" and set up again; if ${CF} is, ${byHand}`);
  }
  const rules = rulesFor(target);
  const newMc = withInclude(mc);
  const newCf = await aside((folder) => {
    const copy = path.join(folder, 'popauth.m4');
    writeFileSync(copy, rules.after);
    return makeCf(newMc.replaceAll(RULES, copy), tools, byHand);
  });
  if (!uses(newCf, target)) throw refused(`${MC}: an include at its end does not get into ${CF}: ${byHand}`);
  const changes: Change[] = [
    rules,
    { file: MC, before: mc, after: newMc },
    { file: CF, before: cf, after: newCf, isGenerated: true },
  ];
  return changes.filter(({ before, after }) => before !== after);
}

/** Rules that are there already stay as they are, but for the map that they name. */
function rulesFor(target: MapTarget): Change {
  const before = readIfThere(RULES);
  if (before === undefined) return { file: RULES, before, after: popauthM4(target) };
  if (!/^Kpopauth\s/m.test(before)) throw refused(`${RULES}: has no line "${sendmailMapLine(target)}": add it`);
  return { file: RULES, before, after: before.replace(/^Kpopauth\s.*$/m, () => sendmailMapLine(target)) };
}

/** A line that begins with dnl is a comment of m4. */
function withInclude(mc: string): string {
  const isIncluded = mc.split('\n').some((line) => /^\s*s?include\(`/.test(line) && line.includes(RULES));
  if (isIncluded) return mc;
  return `${mc}${mc === '' || mc.endsWith('\n') ? '' : '\n'}${SENDMAIL_INCLUDE}\n`;
}

const CF_FOLDERS = ['/usr/share/sendmail/cf/', '/usr/share/sendmail-cf/']; // Debian, RHEL

/** What `make -C /etc/mail` does on Debian and RHEL. */
function makeCf(mc: string, tools: MapTools, byHand: string): string {
  const folder = CF_FOLDERS.find((candidate) => existsSync(candidate));
  const define = folder !== undefined && mc.includes('_CF_DIR_') ? [`-D_CF_DIR_=${folder}`] : [];
  const m4 = spawnSync(tools.find('m4') ?? 'm4', [...define, '-'], { cwd: MAIL, input: mc, encoding: 'utf8' });
  if (m4.status === 0 && m4.stdout !== '') return m4.stdout;
  const reason = m4.error?.message ?? m4.stderr.trim();
  throw refused(
    `m4 makes nothing of ${MC}: ${reason}; mend that (it needs the packages m4 and sendmail-cf), or ${byHand}`,
  );
}

/** Beside sendmail.cf, since Sendmail takes no map from below /tmp, which anybody may write. */
async function aside<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(`${MAIL}/.relaypass-`);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
