# A log watcher as they are commonly written in Perl, for comparison: each line is tried against one regex a server in
# turn, and the address of a login is kept in a DB_File with the time.    perl watcher.pl DB LOG
use strict;
use warnings;
use DB_File;

my ($db, $log) = @ARGV;
my $stamp = qr/^(?:\w{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ /;
my $ip = qr/(?:::ffff:)?([0-9a-fA-F.:]+)/;

# One for each of the servers whose patterns relaypass ships.
my @servers = (
    qr/${stamp}apple-imapd?\[\d+\]: Login: user=\S+ from $ip/,
    qr/${stamp}(?:imapd|pop3d)(?:-ssl)?(?:\[\d+\])?: LOGIN, user=\S+, ip=\[$ip\]/,
    qr/${stamp}cucipop\[\d+\]: \S+ $ip \d+, \d+ \(\d+\), \d+ \(\d+\)/,
    qr/${stamp}(?:cyrus\/)?(?:imapd?|pop3d?)\[\d+\]: login: \S*\[$ip\] \S+ \S+/,
    qr/${stamp}gnu-pop3d\[\d+\]: User `[^']+' logged in with mailbox from $ip/,
    qr/${stamp}nginx\[\d+\]: \*\d+ client logged in, client: $ip:\d+, server: \S+, login: "[^"]+"/,
    qr/${stamp}perdition(?:\.\w+)?\[\d+\]: Auth: $ip:\d+->\S+ \S+ \S+ \S+ user="[^"]+" .* status="ok"/,
    qr/${stamp}popa3d\[\d+\]: Authentication passed for \S+ -- \[$ip\]/,
    qr/${stamp}popper\[\d+\]: \(v\S+\) POP login by user "[^"]+" at \(\S+\) $ip/,
    qr/${stamp}solid-pop3d\[\d+\]: user \S+ authenticated - $ip/,
    qr/${stamp}teapop\[\d+\]: Successful login for \S+ \[$ip\]/,
    qr/${stamp}in\.imapproxyd\[\d+\]: LOGIN: '[^']+' \($ip:\d+\) on/,
    qr/${stamp}(?:ipop3d|imapd)\[\d+\]: Login user=\S+ host=(?:\S+ )?\[$ip\]/,
    qr/${stamp}vm-pop3d\[\d+\]: User '[^']+' of '[^']*' logged in .* from $ip/,
    qr/${stamp}vpop3d\[\d+\]: \S+ logged in from $ip/,
    qr/${stamp}vpopmail\[\d+\]: vchkpw-\w+: \([^)]+\) login success \S+:$ip/,
    qr/${stamp}dovecot: (?:imap|pop3)-login: (?:Login|Logged in): user=<[^>]+>, method=\S+, rip=$ip, lip=/,
);

tie my %seen, 'DB_File', $db or die "$db: $!";
open my $lines, '<', $log or die "$log: $!";
while (my $line = <$lines>) {
    for my $server (@servers) {
        next unless $line =~ $server;
        $seen{$1} = time;
        last;
    }
}
untie %seen;
