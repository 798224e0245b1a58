/**
 * What the store holds beside logins and maps:
 *
 *     meta         ["schema"]  -> SCHEMA
 *     meta         ["state"]   -> State
 *     meta         ["daemon"]  -> Presence
 *     checkpoints  [source id] -> the source's own
 */
import { EXIT, OperationalError } from '../errors.ts';
import type { Presence } from '../presence.ts';
import type { Checkpoint } from '../source/source.ts';
import type { Environment } from './lmdb.ts';
import { Records } from './records.ts';

/** The version of all the records' form. */
export const SCHEMA = 3;

export interface State {
  /** Counts the changes of the set of permitted addresses; equal generations mean the same set. */
  readonly generation: number;
  /** The generation in which an address was last taken away. */
  readonly lastRemoval: number;
  /** How many addresses have a login. */
  readonly addresses: number;
  /** The clock at the last change: an earlier one means that it was set back. */
  readonly clockAt: number;
  /** The limits then: shorter ones mean that what is kept may outlive its bounds. */
  readonly graceMs: number;
  readonly maxSessionMs: number;
}

export class Meta {
  readonly #meta: Records;
  readonly #checkpoints: Records;

  constructor(environment: Environment) {
    this.#meta = new Records(environment.table('meta'));
    this.#checkpoints = new Records(environment.table('checkpoints'));
  }

  /** The version that wrote this store, undefined for a new one. */
  schema(): unknown {
    return this.#meta.get(['schema']);
  }

  /** Begins a new store; throws an OperationalError where `dir` has one of another version. */
  beginOrCheck(dir: string): void {
    const schema = this.schema();
    if (schema === undefined) this.#begin();
    else if (schema !== SCHEMA) throw wrongSchema(dir, schema);
  }

  #begin(): void {
    this.#meta.put(['schema'], SCHEMA);
    this.setState({ generation: 0, lastRemoval: 0, addresses: 0, clockAt: 0, graceMs: 0, maxSessionMs: 0 });
  }

  /** @throws TypeError where the record is damaged, which the probe finds before the store is used */
  state(): State {
    const state = this.#meta.get(['state']);
    if (!isState(state)) throw new TypeError('the record of its state is damaged');
    return state;
  }

  setState(state: State): void {
    this.#meta.put(['state'], state);
  }

  /** The daemon that last noted itself, and has not taken its note back. */
  presence(): Presence | undefined {
    const presence = this.#meta.get(['daemon']);
    return isPresence(presence) ? presence : undefined;
  }

  setPresence(presence: Presence | undefined): void {
    if (presence === undefined) this.#meta.remove(['daemon']);
    else this.#meta.put(['daemon'], presence);
  }

  /** Undefined also where the record is damaged: the source then begins as if it had none. */
  checkpoint(source: string): Checkpoint | undefined {
    const checkpoint = this.#checkpoints.get([source]);
    return isRecord(checkpoint) ? checkpoint : undefined;
  }

  setCheckpoint(source: string, checkpoint: Checkpoint): void {
    this.#checkpoints.put([source], checkpoint);
  }
}

function isState(value: unknown): value is State {
  return (
    isRecord(value) &&
    ['generation', 'lastRemoval', 'addresses', 'clockAt', 'graceMs', 'maxSessionMs'].every((name) =>
      Number.isSafeInteger(value[name]),
    )
  );
}

function isPresence(value: unknown): value is Presence {
  if (!isRecord(value)) return false;
  const { pid, startTicks, startedAt } = value;
  return typeof pid === 'number' && typeof startTicks === 'string' && typeof startedAt === 'number';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongSchema(dir: string, schema: unknown): OperationalError {
  return new OperationalError(
    'store-version',
    EXIT.config,
    `${dir}: the store was written by another version of relaypass (form ${String(schema)}, this one knows ${SCHEMA}): run that version, or remove the folder to begin anew from the log`,
  );
}
