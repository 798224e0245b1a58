dnl popauth.m4: lets the addresses in relaypass's map relay. Copy it to /etc/relaypass/, name it in the last line of
dnl sendmail.mc, rebuild sendmail.cf and restart sendmail:
dnl
dnl     include(`/etc/relaypass/popauth.m4')dnl
dnl
dnl Columns in rules are separated by tabs. The map must exist before sendmail starts; `relaypass sweep' makes it.
dnl A map that cannot be read refuses with 451 what it might have permitted, and nothing else. The access file is
dnl neither read nor changed.
LOCAL_CONFIG
# the addresses that may relay now
Kpopauth hash -T<TMPF> /var/lib/relaypass/popauth

LOCAL_RULESETS
# called for a client that sendmail would not relay for: its address, then the first four groups of an IPv6 one, as
# which a network is in the map where ipv6_prefix is 64
SLocal_Relay_Auth
R$*			$: < $(popauth $&{client_addr} $: NONE $) > $&{client_addr}
R< NONE > $-:$-:$-:$-:$-:$+	$: < $(popauth $1:$2:$3:$4:$5 $: NONE $) >
R< RELAY > $*		$# RELAY
R$*			$@ CONTINUE

# a map that failed, and a recipient that sendmail would refuse without it: not now, instead of never
SLocal_check_rcpt
R$*			$: $1 $| $(popauth $&{client_addr} $: NONE $)
R$* $| $* <TMPF>	$: <TMPF> $>"Basic_check_rcpt" $1
R<TMPF> $#error $*	$#error $@ 4.3.0 $: "451 Relay authorization temporarily unavailable, try again later"
R$*			$@ CONTINUE
