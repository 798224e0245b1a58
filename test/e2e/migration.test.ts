/** docs/migration.md as an admin follows it, with files that Perl's DB_File writes, as the earlier systems have them. */
import { beforeAll, expect, test } from '@jest/globals';
import { pageOf } from '../docs/page.ts';
import { onLab } from './lab/lab.ts';
import { Postfix } from './lab/postfix.ts';
import { run } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';

const PERMITTED = '198.51.100.7';
const OVER = '198.51.100.8';
const { blocks } = pageOf('docs/migration.md');

/** Ties `file` as `type` and puts `rows`, of Perl, into it. */
function perlDb(file: string, type: '$DB_HASH' | '$DB_BTREE', rows: string): void {
  const tie = `tie my %db, "DB_File", "${file}", O_RDWR|O_CREAT, 0644, ${type} or die $!`;
  run('perl', ['-MDB_File', '-MFcntl', '-e', `${tie}; %db = (${rows}); untie %db`]);
}

function configOf(line: string): string {
  const config = blocks.find((block) => block.includes(line) && block.includes('[[map]]'));
  if (config === undefined) throw new Error(`the page has no configuration with ${line}`);
  return config;
}

onLab('the move from an earlier system', () => {
  beforeAll(() => {
    new Sendmail().configure();
    new Postfix().configure();
  });

  const timed = `"${PERMITTED}" => time + 600, "${OVER}" => time - 60`;
  test.each([
    {
      from: 'pop-before-smtp',
      config: 'form = "pop-before-smtp"',
      file: '/etc/postfix/pop-before-smtp.db',
      write: (file: string) => perlDb(file, '$DB_HASH', `"${PERMITTED}" => "ok", "192.0.2.9" => "ok"`),
      dump: ['postmap', '-s', 'hash:/var/lib/relaypass/pop-before-smtp'],
      row: new RegExp(`^${PERMITTED}\tok$`),
    },
    {
      from: 'poprelayd',
      config: 'form = "poprelayd"',
      file: '/etc/mail/popip.db',
      write: (file: string) => perlDb(file, '$DB_HASH', timed),
      dump: ['makemap', '-u', 'hash', '/var/lib/relaypass/popip'],
      row: new RegExp(`^${PERMITTED}\t\\d{10}$`),
    },
    {
      from: 'DRAC',
      config: 'type = "btree"',
      file: '/etc/mail/dracd.db',
      write: (file: string) => perlDb(file, '$DB_BTREE', timed),
      dump: ['makemap', '-u', 'btree', '/var/lib/relaypass/popauth'],
      row: new RegExp(`^${PERMITTED}\tRELAY$`),
    },
  ])('$from: its file is taken over into the map that the page has', ({ config, file, write, dump, row }) => {
    new Relaypass().configure(configOf(config));
    write(file);
    const lines = blocks
      .flatMap((block) => block.split('\n'))
      .filter((line) => line.includes('import') && line.endsWith(file));
    expect(lines).toHaveLength(2); // first dry
    for (const line of lines) {
      const { status, stdout, stderr } = relaypass(...line.trim().split(' ').slice(1));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/would take over 1 of 2 addresses|permitted 1,/);
    }
    const [command = '', ...args] = dump;
    const rows = run(command, args)
      .split('\n')
      .filter((each) => each !== '' && !each.startsWith('relaypass:probe\t'));
    expect(rows).toEqual([expect.stringMatching(row)]);
  });
});
