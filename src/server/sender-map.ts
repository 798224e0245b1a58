/**
 * The file behind `sender_map`: what each user may send as. One user a line, `#` begins a comment line:
 *
 *     # login    sender addresses, or whole domains
 *     alice      alice@example.com sales@example.com
 *     scanner    @example.org
 */
import { readFileSync } from 'node:fs';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';

/** The senders of a login name, both in lower case. */
export type SenderMap = ReadonlyMap<string, readonly string[]>;

/**
 * The map in `file`; without a file there is nobody in it.
 * @throws OperationalError exit 78, with file and line
 */
export function loadSenderMap(file: string | undefined): SenderMap {
  return file === undefined ? new Map() : parseSenderMap(read(file), file);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `${file}: the sender map cannot be read: ${reasonOf(error)}`;
    throw new OperationalError('sender-map-unreadable', EXIT.config, message, { cause: error });
  }
}

/** The map in a text already read; `file` only names it in messages. A user's lines add up. */
export function parseSenderMap(text: string, file: string): SenderMap {
  const map = new Map<string, string[]>();
  for (const [index, line] of text.toLowerCase().split('\n').entries()) {
    const [login = '', ...senders] = line.split(/\s+/).filter((word) => word !== '');
    if (login === '' || login.startsWith('#')) continue;
    const wrong = senders.find((sender) => !SENDER.test(sender));
    if (wrong !== undefined || senders.length === 0) throw badLine(`${file}:${index + 1}`, wrong);
    map.set(login, [...(map.get(login) ?? []), ...senders]);
  }
  return map;
}

const SENDER = /^[^@\s]*@[^@\s]+$/;

function badLine(where: string, wrong: string | undefined): OperationalError {
  const found = wrong === undefined ? 'nothing behind the login name' : `"${wrong}"`;
  const message = `${where}: expected a login name and its senders, such as "alice alice@example.com @example.org", found ${found}`;
  return new OperationalError('sender-map-invalid', EXIT.config, message);
}
