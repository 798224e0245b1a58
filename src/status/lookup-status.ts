import type { Config } from '../config/schema.ts';
import { formatEndpoint } from '../server/endpoint.ts';
import type { DaemonReport } from './daemon-report.ts';

/** One protocol's look-ups. */
export interface LookupStatus {
  readonly protocol: string;
  readonly listen: readonly string[];
  /** How many had which answer since the daemon's process began; null while it does not run. */
  readonly answers: Readonly<Record<string, number>> | null;
}

/** The look-ups of the configuration, and how they were answered. */
export function lookupStatuses({ lookup }: Config, report: DaemonReport | undefined): LookupStatus[] {
  const protocols = [...new Set(lookup.map(({ protocol }) => protocol))];
  return protocols.map((protocol) => ({
    protocol,
    listen: lookup.filter((each) => each.protocol === protocol).map(({ listen }) => formatEndpoint(listen)),
    answers: report === undefined ? null : (report.lookups[protocol] ?? {}),
  }));
}
