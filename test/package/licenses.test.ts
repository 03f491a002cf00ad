/** What may be bundled. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isAccepted, licenseOf } from '../../build/notices.ts';

const of = (license?: string) => ({ name: 'left', version: '1.0.0', ...(license && { license }) });

test('a licence that fits MIT is accepted, also as one of a choice', () => {
  for (const license of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC']) assert.ok(isAccepted(license));
  assert.equal(licenseOf(of('ISC')), 'ISC');
});

test('the build refuses other licences, and packages that name none', () => {
  for (const license of ['GPL-3.0', 'MIT AND AGPL-3.0', 'UNLICENSED', undefined])
    assert.throws(() => licenseOf(of(license)), {
      message: new RegExp(`^left cannot be bundled: its licence is ${license ?? 'not named'};`),
    });
});
