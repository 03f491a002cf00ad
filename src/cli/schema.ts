import { ConfigError } from '../core/errors.ts';
import { factorySchema } from '../factory/schema.ts';
import { machineTypes } from '../machines/index.ts';
import { scenarioSchema } from '../stories/schema.ts';
import { json } from './columns.ts';
import type { Command } from './command.ts';
import { unknown } from './command-line.ts';

/** The schemas by the files that they describe; the first is the default. */
const SCHEMAS = { factory: factorySchema, scenario: scenarioSchema } as const;
const NAMES = Object.keys(SCHEMAS);

/** Shows the JSON Schema of factory files or scenario files. */
export const schema: Command = {
  name: 'schema',
  about: 'Print the JSON Schema of factory files or scenario files, for editors.',
  operands: `[${NAMES.join('|')}]`,
  operandChoices: [NAMES],
  options: {},
  examples: ['schema', 'schema scenario'],
  async execute({ operands: [name = 'factory', ...more] }, { stdout }) {
    const schemaOf = Object.entries(SCHEMAS).find(([each]) => each === name)?.[1];
    if (!schemaOf) throw new ConfigError([unknown(name, 'a kind of file', NAMES)]);
    if (more.length > 0)
      throw new ConfigError(more.map((path) => ({ path, message: 'is not expected' })));
    stdout.write(json(schemaOf(machineTypes)));
    return 0;
  },
};
