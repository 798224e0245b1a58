import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { tempDir } from '../../temp-dir.ts';

/** The files of a fresh certificate for 127.0.0.1, signed by itself. */
export function certificate(): { readonly key: string; readonly cert: string } {
  const dir = tempDir();
  const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=redis.example.net'];
  spawnSync('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  return { key, cert };
}
