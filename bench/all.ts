/**
 * `npm run bench` runs the benchmarks one after the other, `npm run bench -- models seek` only the
 * named ones. `dashboard`, `fleet`, `scale` and `start` take ten minutes each and run only if named.
 */
const ALL = ['models', 'encoding', 'seek', 'registers', 'mqtt', 'postgres', 'export', 'cluster'];

const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
for (const name of named.length > 0 ? named : ALL) await import(`./${name}.js`);
