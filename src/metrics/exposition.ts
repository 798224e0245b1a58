/**
 * The metrics as text, in Prometheus's own format: the only file that imports prom-client. Every value but the
 * histogram's is read when the text is asked for, so nothing is counted twice, and nothing for nobody.
 *
 * Quirks hidden here: a metric can only be told what to add, not what it is, so it is reset first; and one without
 * labels is 0 where nothing was read, so what the host has nothing of is not registered.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, PUBLISH_SECONDS, type Metric, type Subject } from './catalogue.ts';

export class Exposition {
  readonly #registry = new Registry();

  constructor(subject: Subject) {
    const kept = METRICS.filter(({ read }) => read(subject) !== undefined);
    for (const metric of kept) this.#registry.registerMetric(told(metric, subject));
    const { name, help, buckets } = PUBLISH_SECONDS;
    const seconds = new Histogram({ name, help, buckets: [...buckets], registers: [this.#registry] });
    subject.tally.onPublished = (elapsed) => seconds.observe(elapsed);
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

const FORMS = { counter: Counter, gauge: Gauge } as const;

function told({ type, name, help, labels, read }: Metric, subject: Subject): Counter | Gauge {
  return new FORMS[type]({
    name,
    help,
    labelNames: [...labels],
    registers: [],
    collect(this: Pick<Counter, 'reset' | 'inc'>) {
      this.reset();
      for (const { labels: own, value } of read(subject) ?? []) this.inc(own, value);
    },
  });
}
