import { Dialogue } from './dialogue.ts';

/** Where the lab's look-up for whoson listens. */
export const WHOSON = `[[lookup]]
protocol = "whoson"
listen = "inet:127.0.0.1:9876"
allow = ["127.0.0.1"]
`;

/** A server that tells the daemon of logins by itself, over one connection. */
export class WhosonClient {
  readonly #dialogue: Dialogue;

  private constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  static async open(): Promise<WhosonClient> {
    return new WhosonClient(await Dialogue.open({ from: '127.0.0.1', to: '127.0.0.1' }, 9876));
  }

  async login(address: string): Promise<void> {
    await this.#ask(`LOGIN ${address} alice`);
  }

  async logout(address: string): Promise<void> {
    await this.#ask(`LOGOUT ${address}`);
  }

  close(): void {
    this.#dialogue.close();
  }

  async #ask(request: string): Promise<void> {
    this.#dialogue.send(`${request}\r\n`); // an empty line ends it
    const reply = await this.#dialogue.lineLike(/^[+*-]/);
    if (!reply.startsWith('+')) throw new Error(`${request}: ${reply}`);
  }
}
