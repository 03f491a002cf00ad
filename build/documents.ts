/** Writes the documents that are generated from the code: `npm run documents`. */
import { writeFileSync } from 'node:fs';
import { json } from '../src/cli/columns.ts';
import { runProgram } from '../src/cli/program.ts';
import { envExample } from '../src/config/documentation.ts';
import { factorySchema } from '../src/factory/schema.ts';
import { machineTypes } from '../src/machines/index.ts';

writeFileSync('.env.example', envExample());
writeFileSync('examples/factory.schema.json', json(factorySchema(machineTypes)));
for (const [command, file] of [
  ['machines', 'docs/reference/machines.md'],
  ['validate', 'docs/why/validation.md'],
] as const)
  process.exitCode ||= await runProgram([command, '--markdown', file], process);
