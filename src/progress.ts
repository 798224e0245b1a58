import * as z from 'zod';

/** How far a source was read, as its intake stores it and `status` tells it. */
export const progressSchema = z.object({
  /** The source's own checkpoint. */
  source: z.record(z.string(), z.unknown()),
  /** What the matcher knows of lines past. */
  matcher: z.unknown(),
  /** When the last batch of lines was read, epoch milliseconds. */
  readAt: z.number().optional(),
  /** When a line last matched a pattern, epoch milliseconds. */
  lastMatchAt: z.number().optional(),
});

export type Progress = z.output<typeof progressSchema>;
