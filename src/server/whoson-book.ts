/** What the whoson protocol reads and writes, kept in the store: a client's word passes the same rules as a log line. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { countOutcome, type Tally } from '../metrics/tally.ts';
import { admitReport, REFUSALS, type AdmissionRules, type Report } from '../login/admission.ts';
import type { Store } from '../store/store.ts';
import type { Book } from './whoson.ts';

export interface BookParts {
  readonly store: Store;
  readonly rules: AdmissionRules;
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: Tally;
  /** Called after a commit that let an address in or took one away. */
  readonly changed: () => void;
}

export function storeBook(parts: BookParts): Book {
  const { store, log, changed } = parts;
  return {
    entry: (address) => store.entry(address),
    login: (address, user, client) => login(parts, { address, user, client }),
    logout: (address) => {
      const removed = store.purge({ address, by: 'whoson' });
      for (const { user } of removed) log.info('logged out', { address, user, service: 'whoson' });
      if (removed.length > 0) changed();
      return removed.length > 0;
    },
    statistics: () => [`addresses ${store.size()}`],
  };
}

function login({ store, rules, clock, log, tally, changed }: BookParts, report: Report): string | undefined {
  const admission = admitReport(report, rules, clock());
  if ('refused' in admission) {
    tally.refused.add(admission.refused);
    return REFUSALS[admission.refused];
  }
  const { address, user, service, expiresAt } = admission.admitted;
  const [outcome] = store.record({ logins: [admission.admitted] });
  countOutcome(tally, admission.admitted, outcome);
  if (outcome?.kind === 'refused') return `${outcome.cap} is reached`;
  if (outcome?.kind !== 'granted') return undefined;
  log.info('granted', { address, user, service, until: new Date(expiresAt).toISOString() });
  changed();
  return undefined;
}
