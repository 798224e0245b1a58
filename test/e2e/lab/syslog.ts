/** The real rsyslogd behind /dev/log, writing /var/log/mail.log and /var/log/syslog as Debian's does. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { Program } from './program.ts';

const CONFIG = '/etc/rsyslog.lab.conf';
const PIDFILE = '/run/rsyslogd.pid';

/** Where Debian keeps the mail log. */
export const MAIL_LOG = '/var/log/mail.log';
/** Where Debian keeps everything, what is not of the facility mail too. */
export const WHOLE_LOG = '/var/log/syslog';

/** How the header of a line reads: RFC 3339 is the default of today, RFC 3164 that of before. */
export type LineFormat = 'rfc3339' | 'rfc3164';

const TEMPLATE = { rfc3339: 'RSYSLOG_FileFormat', rfc3164: 'RSYSLOG_TraditionalFileFormat' } as const;

export class Syslog {
  #rsyslogd: Program | undefined;
  readonly #format: LineFormat;

  constructor(format: LineFormat = 'rfc3339') {
    this.#format = format;
  }

  async start(): Promise<void> {
    writeFileSync(CONFIG, configuration(this.#format));
    this.#rsyslogd = new Program('rsyslogd', ['-n', '-f', CONFIG, '-i', PIDFILE]);
    await this.#rsyslogd.until('rsyslogd made /dev/log', () => existsSync('/dev/log'));
  }

  /** What logrotate does: rename, then tell rsyslogd to open the name anew. It makes the file with the next line. */
  rotate(): void {
    renameSync(MAIL_LOG, `${MAIL_LOG}.1`);
    this.#rsyslogd?.signal('SIGHUP');
  }

  async stop(): Promise<void> {
    await this.#rsyslogd?.stop();
  }
}

function configuration(format: LineFormat): string {
  return `module(load="imuxsock" SysSock.RateLimit.Interval="0")
module(load="builtin:omfile" template="${TEMPLATE[format]}" fileOwner="root" fileGroup="adm" fileCreateMode="0640")
mail.* action(type="omfile" file="${MAIL_LOG}")
*.* action(type="omfile" file="${WHOLE_LOG}")
`;
}
