/** Sendmail's rules: docs/examples/popauth.m4, as which they are installed, and as they stand in a sendmail.cf. */
import { sendmailMapLine } from '../check/wiring.ts';
import type { MapTarget } from '../map/target.ts';

/** popauth.m4 for `target`, which sendmail.mc includes. */
export function popauthM4(target: MapTarget): string {
  return `${ABOUT}LOCAL_CONFIG\n${mapLines(target)}\nLOCAL_RULESETS\n${RULES}`;
}

/** The same for the end of a sendmail.cf that is not made by m4. */
export function popauthCf(target: MapTarget): string {
  return mapLines(target) + RULES;
}

function mapLines(target: MapTarget): string {
  return `# the addresses that may relay now\n${sendmailMapLine(target)}\n`;
}

const ABOUT = `dnl popauth.m4: lets the addresses in relaypass's map relay. Copy it to /etc/relaypass/, name it in the last line of
dnl sendmail.mc, rebuild sendmail.cf and restart sendmail:
dnl
dnl     include(\`/etc/relaypass/popauth.m4')dnl
dnl
dnl Columns in rules are separated by tabs. The map must exist before sendmail starts; \`relaypass sweep' makes it.
dnl A map that cannot be read refuses with 451 what it might have permitted, and nothing else. The access file is
dnl neither read nor changed.
`;

/** Columns are separated by tabs. */
const RULES = `# called for a client that sendmail would not relay for: its address, then the first four groups of an IPv6 one, as
# which a network is in the map where ipv6_prefix is 64
SLocal_Relay_Auth
R$*\t\t\t$: < $(popauth $&{client_addr} $: NONE $) > $&{client_addr}
R< NONE > $-:$-:$-:$-:$-:$+\t$: < $(popauth $1:$2:$3:$4:$5 $: NONE $) >
R< RELAY > $*\t\t$# RELAY
R$*\t\t\t$@ CONTINUE

# a map that failed, and a recipient that sendmail would refuse without it: not now, instead of never
SLocal_check_rcpt
R$*\t\t\t$: $1 $| $(popauth $&{client_addr} $: NONE $)
R$* $| $* <TMPF>\t$: <TMPF> $>"Basic_check_rcpt" $1
R<TMPF> $#error $*\t$#error $@ 4.3.0 $: "451 Relay authorization temporarily unavailable, try again later"
R$*\t\t\t$@ CONTINUE
`;
