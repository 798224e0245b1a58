import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';
import { error, ok, type Finding } from './finding.ts';

const WRITABLE_BY_OTHERS = 0o022;
const SEARCHABLE = 0o001;

/**
 * Whether an MTA takes a map from `folder`: Sendmail refuses one that its group or anybody may write, there or in a
 * parent, and both need to search it (facts measured with Sendmail 8.17: `unsafe map file`).
 */
export function checkFolder(folder: string): Finding[] {
  const findings = withParents(folder).flatMap((each) => complaintAbout(each, lstatSync(each)));
  return findings.length > 0 ? findings : [ok(`${folder}: modes are as the MTA wants them`)];
}

function withParents(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [...withParents(parent), folder];
}

function complaintAbout(folder: string, { mode, uid }: Stats): Finding[] {
  const shown = (mode & 0o7777).toString(8).padStart(4, '0');
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    return [
      error(`${folder}: mode ${shown} lets others write, and Sendmail refuses maps there`, `chmod go-w ${folder}`),
    ];
  }
  if ((mode & SEARCHABLE) === 0 && uid !== 0) {
    return [error(`${folder}: mode ${shown} keeps the MTA out`, `chmod a+x ${folder}`)];
  }
  return [];
}
