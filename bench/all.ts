/**
 * `npm run bench`: every benchmark, one after the other. `npm run bench -- models seek`: some;
 * `dashboard`, `fleet` and `scale`, which take ten minutes each, are run only when they are named.
 */
const ALL = ['models', 'encoding', 'seek', 'mqtt', 'postgres', 'export', 'cluster'];

const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
for (const name of named.length > 0 ? named : ALL) await import(`./${name}.js`);
