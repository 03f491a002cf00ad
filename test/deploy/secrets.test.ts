/** No file of the repository contains a secret, an address or a person. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import test from 'node:test';
import { file, ROOT } from './files.ts';

/** This computer, all of its addresses, and the ranges that both belong to. */
const OWN_ADDRESS = /^(127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1?|::ffff:.*)$/i;
/** RFC 5737 and RFC 3849: addresses reserved for documentation. */
const NOBODYS_ADDRESS = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8:/i;

const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b/gi;
/** Four numbers that are neither a clause of a standard (§3.1.2.9) nor a version. */
const IPV4 = /(?<![§\w.-])\d{1,3}(\.\d{1,3}){3}(?![\w-]|\.\d)/g;
const IPV6 = /(?<![\w:.])[\da-f:]*:[\da-f:]*:[\da-f:.]*(?![\w:])/gi;
/** An assignment as in a shell or a URL; what follows may be a variable or nothing. */
const PASSWORD = /\b\w*(password|passwd|secret|token|api_?key)=(?![$\s"'`<{\\]|$)\S+/gim;
const CREDENTIALS = /:\/\/[^\s/:@$'"`{<]+:[^\s/@$'"`{<]+@/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/g;

/** What a text should not contain. Tests may make up passwords. */
function leaks(text: string, isTest = false): string[] {
  const all = (form: RegExp) => [...text.matchAll(form)].map(([found]) => found);
  const isForeign = (address: string) =>
    !OWN_ADDRESS.test(address) && !NOBODYS_ADDRESS.test(address);
  return [
    ...all(EMAIL),
    ...all(IPV4).filter((found) => isIPv4(found) && isForeign(found)),
    ...all(IPV6).filter((found) => isIPv6(found) && isForeign(found)),
    ...(isTest ? [] : [...all(PASSWORD), ...all(CREDENTIALS)]),
    ...all(PRIVATE_KEY),
  ];
}

test('secrets, foreign addresses and persons are found, and nothing else is', () => {
  // Assembled here, so that this file itself contains nothing of the kind.
  const secrets = [
    ['someone', '@', 'example.com'],
    ['10.1', '.2.3'],
    ['fe80:', ':1'],
    ['MQTT_PASS', 'WORD=', 'hunter2'],
    ['postgres:/', '/user:', 'hunter2', '@localhost'],
    ['-----BEGIN RSA ', 'PRIVATE KEY-----'],
  ].map((parts) => parts.join(''));
  for (const each of secrets) assert.equal(leaks(`before ${each} after`).length, 1, each);
  for (const each of [
    'PASSWORD=\n',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of Compose
    'PASSWORD=${PASSWORD:-}',
    'http://127.0.0.1:8003 and ::1',
    'MQTT 3.1.1 §3.1.2.9 at 12:00:00Z',
    'select a::text, b::date',
  ])
    assert.deepEqual(leaks(each), [], each);
});

const listed = spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
const skip = listed.status === 0 ? false : 'not a git repository';

test('no tracked file contains a password, an e-mail address or a public IP address', {
  skip,
}, () => {
  const paths = listed.stdout.split('\0').filter((path) => path !== '' && existsSync(file(path)));
  assert.ok(paths.length > 50, 'the files were not found');
  for (const path of paths) {
    const text = readFileSync(file(path), 'utf8');
    // Git's own test for a binary file.
    if (text.includes('\0')) continue;
    assert.deepEqual(leaks(text, path.startsWith('test/')), [], path);
  }
});
