import Type, { type TSchema } from 'typebox';
import { FACTORY_COLUMNS, machineColumns } from '../factory/columns.ts';
import type { Catalogue } from '../factory/machine-types.ts';
import { type Keys, objectSchema } from '../schema/composite-type.ts';
import type { RegistryTable } from '../store/registry/columns.ts';
import type { Input } from '../store/registry/input.ts';
import { TAGS } from './context.ts';
import { NAME_KEY } from './openapi.ts';
import { conflict, type Fault, invalid, NO_FACTORY, NO_MACHINE } from './responses.ts';
import { command, FactoryName, MachineName, numberOrNull } from './schemas.ts';

/** The documentation of the routes for one table. */
export interface Rows {
  readonly table: RegistryTable;
  readonly what: 'factory' | 'machine';
  readonly tag: (typeof TAGS)[keyof typeof TAGS];
  readonly columns: Keys;
  readonly examples: { readonly created: Input; readonly updated: Input; readonly removed: string };
  /** The path parameter of one row. */
  readonly path: TSchema;
  readonly missing: Fault;
  readonly misspelt: Fault;
  readonly taken: Fault;
}

/** Why nothing in the registry may change. */
export const READ_ONLY = 'the registry is read-only: it comes from a factory file';

const UNKNOWN_ZONE =
  '"Europe/Berln" is not accepted; the name of a time zone like Europe/Berlin ' +
  '(did you mean Europe/Berlin?)';

/** The rows of each table. */
export const rowsOf = (catalogue: Catalogue): readonly Rows[] => [
  {
    table: 'factories',
    what: 'factory',
    tag: TAGS.factories,
    columns: FACTORY_COLUMNS,
    examples: {
      created: { name: 'Works Berlin', timezone: 'Europe/Berlin', metadata: { latitude: 52.5 } },
      updated: { location: 'Hall 3' },
      removed: '11111111-1111-1111-1111-111111111111',
    },
    path: FactoryName,
    missing: NO_FACTORY,
    misspelt: invalid('timezone', UNKNOWN_ZONE),
    taken: conflict('The registry is read-only.', READ_ONLY),
  },
  {
    table: 'machines',
    what: 'machine',
    tag: TAGS.machines,
    columns: machineColumns(catalogue),
    examples: {
      created: {
        factory_id: '11111111-1111-1111-1111-111111111111',
        name: 'Pump 2',
        type: 'pump',
        rated_power_kw: 30,
      },
      updated: { data_interval_seconds: 10 },
      removed: 'c0000000-0000-0000-0000-000000000004',
    },
    path: MachineName,
    missing: NO_MACHINE,
    misspelt: invalid('rated_power_kw', '-5 is not accepted; a number from 0 to 10000'),
    taken: conflict(
      'The registry is read-only, or another machine has the same name or topic.',
      'another machine of its factory already has the name "Compressor-1"',
    ),
  },
];

/** The query parameters of a removal. */
export const Purge = command({
  purge: Type.Optional(
    Type.Boolean({ description: 'Whether to delete the row and its readings permanently.' }),
  ),
  confirm: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Number of dependent rows from the previous response; confirms a purge.',
    }),
  ),
});

/** What a removal answers. */
export const Removed = (what: string) =>
  Type.Object(
    {
      id: Type.String({ description: `Id of the ${what}.` }),
      deleted: Type.Boolean({
        description: 'False if it is only out of operation, or the purge is not confirmed yet.',
      }),
      rows: Type.Record(Type.String(), Type.Integer(), {
        description: 'Dependent rows by table; only counted for a purge.',
        examples: [{ energy_readings: 3600 }],
      }),
      confirm: numberOrNull('The value that confirms the purge; null without a purge.', null),
    },
    { description: 'What was removed.' },
  );

/**
 * The body that a client may send, for the documentation. The registry checks it, after checking
 * that it may be changed at all.
 */
export function bodySchema(columns: Keys, description: string, example: Input): TSchema {
  const { required = [], ...schema } = objectSchema(columns);
  const minProperties = Math.max(1, required.length);
  return { ...schema, required, minProperties, description, examples: [example] };
}

/** A row of the database. */
export function rowSchema({ columns, what }: Rows): TSchema {
  const { properties = {} } = objectSchema(columns);
  const entries = Object.entries(properties).map(([name, { type = 'object', description }]) => [
    name,
    { type: [...new Set([type, 'null'].flat())], description },
  ]);
  return {
    [NAME_KEY]: `${titled(what)}Row`,
    type: 'object',
    description: `The ${what} as the registry has it.`,
    properties: Object.fromEntries(entries),
    additionalProperties: false,
  };
}

/** A word with a capital letter. */
export function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
