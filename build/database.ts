/** Makes what new embedded databases begin as. */
import { buildTemplate } from '../src/store/drivers/template.ts';

await buildTemplate();
