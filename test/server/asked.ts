import type { MayRelay } from '../../src/server/may-relay.ts';

/** Permits exactly these clients, whoever sends, and notes who was asked about. */
export function permitting(...clients: string[]): MayRelay & { readonly asked: (string | undefined)[][] } {
  const asked: (string | undefined)[][] = [];
  const mayRelay = (client: string, sender?: string) => {
    asked.push([client, sender]);
    return clients.includes(client);
  };
  return Object.assign(mayRelay, { asked });
}

/** Fails as a store does whose disk is gone. */
export const failing: MayRelay = () => {
  throw new Error('the store failed');
};
