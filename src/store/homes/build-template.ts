/** A step of the build: makes what new embedded databases begin as. */
import { buildTemplate } from './template.ts';

await buildTemplate();
