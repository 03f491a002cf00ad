/** Builds the template of new embedded databases. */
import { buildTemplate } from '../src/store/drivers/pglite-template.ts';

await buildTemplate();
