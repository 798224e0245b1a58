/** Which of the generations that are known a file is, or has been copied from. */
import type { Body } from './body.ts';
import {
  compare,
  compareHeads,
  fingerprintAt,
  hasTellingHead,
  type Fingerprint,
  type Likeness,
} from './fingerprint.ts';
import type { Generation } from './generation.ts';

/** The one of `generations` that is as like `body` as asked, and of which that holds the most. */
export async function likest(
  generations: readonly Generation[],
  body: Body,
  likeness: Likeness,
): Promise<Generation | undefined> {
  let best: Generation | undefined;
  for (const generation of generations) {
    if ((await likenessOf(generation, body)) !== likeness) continue;
    if (best === undefined || generation.fingerprint.offset > best.fingerprint.offset) best = generation;
  }
  return best;
}

/** What of `generation` is in `body`; in a compressed file its first bytes tell, unless there is more of it to be read. */
export async function likenessOf(generation: Generation, body: Body): Promise<Likeness> {
  const fingerprint = body.kind === 'gzip' ? await ofUnread(generation) : generation.fingerprint;
  const isCostly = body.kind === 'gzip' && generation.state !== 'lost' && hasTellingHead(fingerprint);
  return isCostly ? compareHeads(fingerprint, body) : compare(fingerprint, body);
}

/** Of a file that was deleted before anything of it was read: of all it holds, so that its compressed copy is known. */
async function ofUnread({ isBlank, body, fingerprint }: Generation): Promise<Fingerprint> {
  return isBlank && body?.isLinked() === false ? fingerprintAt(body, body.sizeBytes()) : fingerprint;
}
