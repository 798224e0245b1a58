/** Tells the time in epoch milliseconds; injected, so that a test can be at any instant. */
export type Clock = () => number;

/** The host's clock. */
export const systemClock: Clock = Date.now;
