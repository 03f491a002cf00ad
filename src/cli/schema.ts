import { factorySchema } from '../factory/schema.ts';
import { json } from './columns.ts';
import type { Command } from './command.ts';

/** Shows the JSON Schema of factory files. */
export const schema: Command = {
  name: 'schema',
  about: 'Print the JSON Schema of factory files, for editors.',
  options: {},
  async execute(_args, { stdout }) {
    stdout.write(json(factorySchema()));
    return 0;
  },
};
