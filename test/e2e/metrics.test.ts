/** docs/metrics.md as an admin follows it, with Debian's own node_exporter at the end. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { onLab } from './lab/lab.ts';
import { Program, run, until } from './lab/program.ts';
import { Relaypass } from './lab/relaypass.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
const TOML = /```toml\n(\[metrics\]\ntextfile[^`]*)```/.exec(PAGE)?.[1] ?? '';
const INSTALL = /^ {4}(install -d .*)$/m.exec(PAGE)?.[1] ?? '';
const LISTEN = '127.0.0.1:9100';

onLab('a node_exporter with the text file of docs/metrics.md', () => {
  const daemon = new Relaypass();
  let exporter: Program | undefined;

  beforeAll(() => {
    run('sh', ['-ec', INSTALL]);
    daemon.configure(`[[source]]\nfile = "${WRITTEN_LOG}"\n[[map]]\nmta = "none"\ntype = "text"\n${TOML}`);
    appendLogin('198.51.100.7');
    daemon.start();
    const asStranger = ['--reuid=popa3d', '--regid=popa3d', '--clear-groups', 'prometheus-node-exporter'];
    const only = ['--collector.disable-defaults', '--collector.textfile']; // in the folder that is Debian's default
    exporter = new Program('setpriv', [...asStranger, ...only, `--web.listen-address=${LISTEN}`]);
  });
  afterAll(async () => {
    await exporter?.stop();
    await daemon.stop();
  });

  test('tells what relaypass told, and finds no fault in it', async () => {
    await exporter?.until('it tells of a login', async () => (await told()).includes('\nrelaypass_entries 1\n'));
    const text = await told();
    expect(text).toContain('\nrelaypass_granted_total 1\n');
    expect(text).toContain('\nnode_textfile_scrape_error 0\n');
    expect(text).toMatch(/\nnode_textfile_mtime_seconds\{file="\S*relaypass\.prom"\} \d/);
  });

  test('tells nothing of a daemon that has stopped', async () => {
    await daemon.stop();
    expect(await told()).not.toContain('relaypass_');
  });
});

async function told(): Promise<string> {
  let text = '';
  await until('node_exporter answers', async () => {
    text = await fetch(`http://${LISTEN}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    return text !== '';
  });
  return text;
}
