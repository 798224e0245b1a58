dnl popauth-socketmap.m4: lets the addresses relay that a running relaypass permits; popauth.m4 reads its map instead.
dnl Copy it to /etc/relaypass/, name it in the last line of sendmail.mc, rebuild sendmail.cf and restart sendmail:
dnl
dnl     include(`/etc/relaypass/popauth-socketmap.m4')dnl
dnl
dnl and in relaypass.toml:
dnl
dnl     [[lookup]]
dnl     protocol = "socketmap"
dnl     listen = "unix:/run/relaypass/socketmap"
dnl
dnl Columns in rules are separated by tabs. While relaypass does not answer, what it might have permitted is refused with
dnl 451, and nothing else. The key ends with the envelope sender, for bind_sender; keep its brackets: without them
dnl sendmail joins a quoted sender to the address, and `"3 x"@example.com' makes 192.0.2.7 to 192.0.2.73.
LOCAL_CONFIG
# who may relay now, and for which sender; -d limits the wait in seconds
Krelaypass socket -d3 -T<TMPF> local:/run/relaypass/socketmap

LOCAL_RULESETS
# called for a client that sendmail would not relay for
SLocal_Relay_Auth
R$*			$: $(relaypass $&{client_addr} <$&f> $: NONE $)
RRELAY			$# RELAY
R$*			$@ CONTINUE

# no answer, and a recipient that sendmail would refuse without one: not now, instead of never
SLocal_check_rcpt
R$*			$: $1 $| $(relaypass $&{client_addr} <$&f> $: NONE $)
R$* $| $* <TMPF>	$: <TMPF> $>"Basic_check_rcpt" $1
R<TMPF> $#error $*	$#error $@ 4.3.0 $: "451 Relay authorization temporarily unavailable, try again later"
R$*			$@ CONTINUE
