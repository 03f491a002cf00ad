/** Everything that is generated from the code and committed, except what takes minutes to compute. */
import { json } from '../../src/cli/columns.ts';
import { machinePages } from '../../src/cli/machine-pages.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { envExample } from '../../src/config/documentation.ts';
import { factorySchema } from '../../src/factory/schema.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { scenarioSchema } from '../../src/stories/schema.ts';
import { apiPage } from './api.ts';
import { commandLinePage } from './command-line.ts';
import { configurationPage } from './configuration.ts';
import { gallery } from './gallery.ts';
import { leakPicture, leakRun } from './leak.ts';
import { openApiDocument } from './open-api.ts';
import { scenariosPage } from './scenarios.ts';
import { topicsPage } from './topics.ts';

const IMAGES = 'images/machines';

/** The generated files by their paths in the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const { markdown, images } = machinePages(machineTypes, IMAGES);
  const run = leakRun();
  return new Map([
    ['.env.example', envExample()],
    ['examples/factory.schema.json', json(factorySchema(machineTypes))],
    ['examples/scenario.schema.json', json(scenarioSchema(machineTypes))],
    ['docs/reference/command-line.md', commandLinePage(commands)],
    ['docs/reference/configuration.md', configurationPage()],
    ['docs/reference/api.md', apiPage(await openApiDocument())],
    ['docs/reference/topics.md', topicsPage(machineTypes)],
    ['docs/reference/scenarios.md', scenariosPage()],
    ['docs/reference/machines.md', markdown],
    ...[...images].map(([name, svg]) => [`docs/reference/${IMAGES}/${name}`, svg] as const),
    ...gallery(),
    ['docs/images/leak-light.svg', leakPicture(run, 'light')],
    ['docs/images/leak-dark.svg', leakPicture(run, 'dark')],
  ]);
}
