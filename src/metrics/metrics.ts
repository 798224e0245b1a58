/** The metrics of a running daemon, wherever the configuration wants them. Loaded only where it does. */
import type { Config } from '../config/schema.ts';
import type { Log } from '../log.ts';
import { formatEndpoint } from '../server/endpoint.ts';
import type { Subject } from './catalogue.ts';
import { Exposition } from './exposition.ts';
import { ScrapeServer } from './scrape-server.ts';
import { Textfile } from './textfile.ts';

export interface MetricsParts extends Subject {
  readonly metrics: NonNullable<Config['metrics']>;
  readonly log: Log;
  /** Called when a part fails while it runs; it must end the process. */
  readonly failed: (reason: unknown) => void;
}

export class Metrics {
  readonly #server: ScrapeServer | undefined;
  readonly #textfile: Textfile | undefined;
  readonly #log: Log;

  constructor({ metrics: { listen: endpoint, textfile: file }, ...parts }: MetricsParts) {
    const { clock, log, failed } = parts;
    const exposition = new Exposition(parts);
    this.#log = log;
    this.#server = endpoint && new ScrapeServer({ endpoint, exposition, failed });
    this.#textfile = file === undefined ? undefined : new Textfile({ file, exposition, clock, log, failed });
  }

  /** @throws OperationalError exit 73 when it cannot listen */
  async start(): Promise<void> {
    if (this.#server !== undefined)
      this.#log.info('tells metrics', { listen: formatEndpoint(await this.#server.start()) });
    await this.#textfile?.start();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#textfile?.stop();
    await this.#server?.stop();
  }
}
