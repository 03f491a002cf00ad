/** Makes what new embedded databases begin as. */
import { buildTemplate } from '../src/store/homes/template.ts';

await buildTemplate();
