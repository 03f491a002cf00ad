/** A separate process that stores one event after the other until it is killed. */
import { writeSync } from 'node:fs';
import { openStore, type StoreOptions } from '../../src/store/open-store.ts';

const say = (line: string) => writeSync(1, `${line}\n`);
try {
  const options = JSON.parse(process.argv[2] as string) as StoreOptions;
  const store = await openStore(options, { info() {}, warn() {} });
  const last = (await store.journal.load()).at(-1)?.sequence ?? 0;
  say(`last ${last}`);
  for (let sequence = last + 1; ; sequence++) {
    await store.journal.keep({ kind: 'stop', sequence, timeS: 1_760_000_000 + sequence });
    await store.watermarks.save('mqtt', { timeMs: sequence, liveFromMs: 0 });
    say(`kept ${sequence}`);
  }
} catch (error) {
  say(String(error));
  process.exit(1);
}
