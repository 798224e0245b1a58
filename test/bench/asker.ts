/**
 * Waits for a live answer as an MTA does, in a read: a process of Perl, since Node takes most of a millisecond to see an
 * answer that has come.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { loginLine, type BenchHost } from './host.ts';

const AGAIN_AFTER_MS = 0.2; // who asks without a pause is what the daemon waits for

export class Asker {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #told: AsyncIterator<string>;

  constructor({ log, socket }: BenchHost) {
    this.#process = spawn('perl', ['-e', SCRIPT, log, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#told = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** Logs `user` in; the result is how long it took until he was answered to be permitted. */
  async answerMs(address: string, user: string): Promise<number> {
    const request = `relaypass ${address}`;
    this.#process.stdin.write(`${loginLine(address, user)}\n${request.length}:${request},\n`);
    return Number((await this.#told.next()).value);
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

const SCRIPT = `
  use IO::Socket::UNIX; use Time::HiRes qw(clock_gettime usleep CLOCK_MONOTONIC);
  my ($log, $path) = @ARGV;
  open my $out, '>>', $log or die $!;
  my $socket = IO::Socket::UNIX->new(Peer => $path) or die $!;
  $| = 1;
  while (defined(my $line = <STDIN>)) {
    chomp(my $request = <STDIN>);
    my ($answer, $begin) = ('', clock_gettime(CLOCK_MONOTONIC));
    syswrite $out, $line;
    for (my $asks = 0; $answer !~ /OK/; $asks++) {
      usleep ${AGAIN_AFTER_MS * 1000} if $asks;
      syswrite $socket, $request;
      sysread $socket, $answer, 4096 or die $!;
    }
    printf "%.3f\\n", 1000 * (clock_gettime(CLOCK_MONOTONIC) - $begin);
  }`;
