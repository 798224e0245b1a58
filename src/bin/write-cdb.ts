/** The thread of its own in which map/cdb-writer.ts writes a large map. */
import { workerData } from 'node:worker_threads';
import { workInThread, type CdbWork } from '../map/cdb-writer.ts';

void workInThread(workerData as CdbWork);
