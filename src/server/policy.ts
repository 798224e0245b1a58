/**
 * Postfix's policy protocol (SMTPD_POLICY_README): lines `name=value` and an empty one; one line `action=...` and an
 * empty one back.
 *
 *     request=smtpd_access_policy
 *     client_address=192.0.2.7
 *     sender=alice@example.com
 *     ...                                          ->  action=permit
 *
 * Who may not relay gets `dunno`, and the restrictions behind decide. A failure is a 451; not `defer_if_permit`, which
 * reject_unauth_destination would overrule with a 554. Never an empty action: Postfix takes that for a permission.
 */
import type { MayRelay } from './may-relay.ts';
import type { Protocol, Reply, Taken } from './protocol.ts';

export function policy(mayRelay: MayRelay): Protocol {
  return {
    maxRequestBytes: MAX_REQUEST_BYTES,
    take,
    answer: (request) => {
      const attributes = parse(request);
      const client = attributes?.get('client_address');
      if (client === undefined || attributes?.get('request') !== 'smtpd_access_policy') return FAILED;
      return mayRelay(client, attributes.get('sender') ?? '') ? PERMIT : DUNNO;
    },
    fail: () => FAILED,
  };
}

const MAX_REQUEST_BYTES = 16_384; // Postfix sends about 30 attributes, names of certificates among them
const PERMIT: Reply = { text: 'action=permit\n\n', verdict: 'permitted' };
const DUNNO: Reply = { text: 'action=dunno\n\n', verdict: 'not-permitted' };
const FAILED: Reply = {
  text: 'action=451 4.3.0 Relay authorization is unavailable, try again later\n\n',
  verdict: 'failed',
};

function take(bytes: Buffer): Taken {
  const end = bytes.indexOf('\n\n');
  if (end === -1) return { kind: 'incomplete' };
  return { kind: 'request', request: bytes.toString('utf8', 0, end), lengthBytes: end + 2 };
}

/** The attributes by name; undefined where a line has none, or a name comes twice: which one is true? */
function parse(request: string): ReadonlyMap<string, string> | undefined {
  const attributes = new Map<string, string>();
  for (const line of request.split('\n')) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    if (equals < 1 || attributes.has(name)) return undefined;
    attributes.set(name, line.slice(equals + 1));
  }
  return attributes;
}
