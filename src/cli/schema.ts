import { factorySchema } from '../factory/schema.ts';
import { machineTypes } from '../machines/index.ts';
import { json } from './columns.ts';
import type { Command } from './command.ts';

/** Shows the JSON Schema of factory files. */
export const schema: Command = {
  name: 'schema',
  about: 'Print the JSON Schema of factory files, for editors.',
  options: {},
  examples: ['schema'],
  async execute(_args, { stdout }) {
    stdout.write(json(factorySchema(machineTypes)));
    return 0;
  },
};
