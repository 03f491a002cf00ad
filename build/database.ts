/** Makes what new embedded databases begin as. */
import { buildTemplate } from '../src/store/drivers/pglite-template.ts';

await buildTemplate();
