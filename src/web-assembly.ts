import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 keep compiled WebAssembly. Modules that run some call this when they are loaded.
 *
 * Node 24 (24.21, at least) may abort the process when V8 frees WebAssembly code that it has
 * replaced by faster code, above all where threads that run some come and go (nodejs/node#66366).
 * So it is kept as long as its module: of PostgreSQL in WebAssembly, some hundred kilobytes.
 */
export function keepWebAssembly(): void {
  setFlagsFromString('--no-wasm-code-gc');
}
