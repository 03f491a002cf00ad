import { broker } from './broker.ts';
import { database } from './database.ts';
import type { Destination } from './destination.ts';
import { files } from './files.ts';
import { standardOutput } from './standard-output.ts';

/** Where `generate` can write to, the default first. */
export const DESTINATIONS: readonly Destination[] = [files, standardOutput, database, broker];
