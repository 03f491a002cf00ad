/** Writes the documents that are generated from the code: `npm run documents`. */
import { writeFileSync } from 'node:fs';
import { runProgram } from '../src/cli/program.ts';
import { generatedFiles } from './reference/index.ts';

for (const [path, text] of await generatedFiles()) writeFileSync(path, text);
process.exitCode = await runProgram(['validate', '--markdown', 'docs/why/validation.md'], process);
