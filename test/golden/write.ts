/**
 * Rewrites the golden files: `npm run golden`. If they change, every user's data change,
 * which needs a line under *Readings* in the changelog.
 */
import { writeFileSync } from 'node:fs';
import { GOLDEN_FOLDER, goldenHour } from './hour.ts';

const digests: Record<string, string> = {};
for (const [type, { csv, digest }] of goldenHour()) {
  writeFileSync(new URL(`${type}.csv`, GOLDEN_FOLDER), csv);
  digests[type] = digest;
}
writeFileSync(new URL('digests.json', GOLDEN_FOLDER), `${JSON.stringify(digests, null, 2)}\n`);
