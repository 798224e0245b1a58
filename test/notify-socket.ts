/** A stand-in for systemd: a datagram socket at which the real systemd-notify delivers what a service tells. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach } from '@jest/globals';
import { until } from './relaypass-process.ts';
import { tempDir } from './temp-dir.ts';

/** Node has no datagram sockets in the file system; perl-base is on every Debian. */
const LISTEN = `
use IO::Socket::UNIX; use Socket; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
while (defined $socket->recv(my $word, 4096)) { print "$word\\n" unless $word =~ /^BARRIER/ }
`;

export const canNotify = ['systemd-notify', 'perl'].every((tool) => spawnSync(tool, ['--version']).status === 0);

const listeners: ChildProcess[] = [];

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.kill('SIGKILL');
});

export class NotifySocket {
  readonly path = path.join(tempDir(), 'notify');
  #said = '';

  async listen(): Promise<void> {
    const listener = spawn('perl', ['-e', LISTEN, this.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    listeners.push(listener);
    listener.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    await until(() => existsSync(this.path), 'the socket');
  }

  /** What was told, in order. */
  get told(): string[] {
    return this.#said.split('\n').filter(Boolean);
  }
}
