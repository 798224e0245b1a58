import type { Batch, LogRecord } from '../source/source.ts';

/** A batch of one line. */
export interface Single {
  readonly batch: Batch;
  readonly line: string;
  readonly record?: LogRecord;
}

/** The lines of `batch`, each as a batch: so what a matcher finds is that line's. */
export function* singles(batch: Batch): Generator<Single> {
  if (batch.kind === 'records') {
    for (const record of batch.records) {
      yield { batch: { ...batch, records: [record] }, line: `${record.tag}: ${record.message}`, record };
    }
    return;
  }
  const { bytes } = batch;
  for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(LF, start);
    if (end < 0) end = bytes.length;
    const line = bytes.subarray(start, end);
    yield { batch: { ...batch, bytes: line }, line: line.toString('utf8') };
  }
}

const LF = 0x0a;
