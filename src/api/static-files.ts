import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import { packageFolder } from '../package-folder.ts';

/** Where `npm run build` puts the pages and their files; missing if only the compiler has run. */
const FOLDER = join(packageFolder, 'dist/web/public');

let names: ReadonlySet<string> | undefined;
const read = new Map<string, Buffer>();

/** A file that the build made for browsers, read when it is first requested. */
export function staticFile(name: string): Buffer | undefined {
  names ??= new Set(existsSync(FOLDER) ? readdirSync(FOLDER) : []);
  if (!names.has(name)) return undefined;
  const content = read.get(name) ?? readFileSync(join(FOLDER, name));
  read.set(name, content);
  return content;
}

/**
 * Sends a page that the build made; returns false if there is none.
 *
 * @param policy - Its content security policy, except for scripts: those of this server may run,
 *   and those in the page itself.
 */
export function sendPage(reply: FastifyReply, name: string, policy: string): boolean {
  const page = staticFile(name);
  if (!page) return false;
  const hashes = [...page.toString().matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => ` 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  void reply
    .header('content-security-policy', `script-src 'self'${hashes.join('')}; ${policy}`)
    .header('cache-control', 'no-cache')
    .type('text/html; charset=utf-8')
    .send(page);
  return true;
}
