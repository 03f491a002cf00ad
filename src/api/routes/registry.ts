import Type, { type TSchema } from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import { IS_ID } from '../../core/machine-finder.ts';
import { changeable, FACTORY_COLUMNS, machineColumns } from '../../factory/columns.ts';
import type { Catalogue } from '../../factory/machine-types.ts';
import { type Keys, objectSchema } from '../../schema/composite-type.ts';
import { CommandError } from '../../service/command-error.ts';
import type { Registry } from '../../service/registry.ts';
import type { RegistryTable } from '../../store/registry/columns.ts';
import type { Input } from '../../store/registry/input.ts';
import { type Counts, confirmation, totalOf } from '../../store/registry/purge.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { NAME_KEY } from '../openapi.ts';
import {
  COMMAND_FAILURES,
  conflict,
  described,
  type Fault,
  failures,
  invalid,
  NO_FACTORY,
  NO_MACHINE,
  responses,
} from '../responses.ts';
import { answer, answered, command, FactoryId, MachineName, numberOrNull } from '../schemas.ts';
import { compileValidator } from '../validation.ts';

/** The documentation of the routes for one table. */
interface Rows {
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

const READ_ONLY = 'the registry is read-only: it comes from a factory file';

const UNKNOWN_ZONE =
  '"Europe/Berln" is not accepted; the name of a time zone like Europe/Berlin ' +
  '(did you mean Europe/Berlin?)';

/** The rows of each table. */
const rowsOf = (catalogue: Catalogue): readonly Rows[] => [
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
    path: FactoryId,
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

const Purge = command({
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

const Removed = (what: string) =>
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
function bodySchema(columns: Keys, description: string, example: Input): TSchema {
  const { required = [], ...schema } = objectSchema(columns);
  const minProperties = Math.max(1, required.length);
  return { ...schema, required, minProperties, description, examples: [example] };
}

/** A row of the database. */
function rowSchema({ columns, what }: Rows): TSchema {
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

function validatorCompiler(route: { schema: TSchema; httpPart?: string }) {
  if (route.httpPart !== 'body') return compileValidator(route);
  const names = Object.keys((route.schema as { properties?: object }).properties ?? {});
  const title = `an object with ${names.join(', ')}`;
  return compileValidator({ ...route, schema: Type.Object({}, { title, minProperties: 1 }) });
}

/** `POST`, `PUT`, `DELETE` of factories and machines: the registry. */
export function registry(app: App, api: Api): void {
  for (const rows of rowsOf(api.configuration.catalogue)) {
    create(app, api, rows);
    update(app, api, rows);
    remove(app, api, rows);
  }
}

/** @throws CommandError if a factory file replaces the registry. */
function writable({ registry }: Api): Registry {
  if (registry) return registry;
  throw new CommandError('conflict', READ_ONLY);
}

function isInFleet({ simulator }: Api, table: RegistryTable, id: string): boolean {
  return simulator.fleet[table].some((each) => each.id === id);
}

function create(app: App, api: Api, rows: Rows) {
  const { table, what, tag, columns, examples } = rows;
  const data = answer(`${examples.created['name']} runs`, rowSchema(rows));
  app.post(
    `/simulator/${table}`,
    {
      validatorCompiler,
      schema: {
        tags: [tag],
        operationId: `create${titled(what)}`,
        summary: `Add a ${what} to the registry`,
        description: 'It runs from the next simulated second on.',
        body: bodySchema(columns, `The ${what} to add.`, examples.created),
        response: {
          201: described(`The ${what} has been added.`, data),
          ...failures(...COMMAND_FAILURES, NO_FACTORY, rows.taken, rows.misspelt),
        },
      },
    },
    async ({ body }, reply) => {
      const data = await writable(api).create(table, body as Input);
      const does = isInFleet(api, table, data.id) ? 'runs' : 'is in the registry, but does not run';
      reply.code(201);
      return answered(`${data.name} ${does}`, data);
    },
  );
}

function update(app: App, api: Api, rows: Rows) {
  const { table, what, tag, columns, examples } = rows;
  app.put(
    `/simulator/${table}/:${what}_id`,
    {
      validatorCompiler,
      schema: {
        tags: [tag],
        operationId: `update${titled(what)}`,
        summary: `Change a ${what} in the registry`,
        description:
          'Columns that are not in the body stay. Changes take effect at the next second.',
        params: Type.Object({ [`${what}_id`]: rows.path }),
        body: bodySchema(changeable(columns), 'The columns to change.', examples.updated),
        response: responses(
          `The ${what} has been changed.`,
          answer('it was changed and runs', rowSchema(rows)),
          ...COMMAND_FAILURES,
          rows.missing,
          rows.taken,
          rows.misspelt,
        ),
      },
    },
    async ({ params, body }) => {
      const id = idOf(api, table, params);
      const data = await writable(api).update(table, id, body as Input);
      const does = isInFleet(api, table, data.id) ? 'runs' : 'does not run';
      return answered(`${data.name} was changed and ${does}`, data);
    },
  );
}

function remove(app: App, api: Api, rows: Rows) {
  const { table, what, tag, examples } = rows;
  app.delete(
    `/simulator/${table}/:${what}_id`,
    {
      schema: {
        tags: [tag],
        operationId: `delete${titled(what)}`,
        summary: `Stop a ${what} and take it out of operation, or delete it permanently`,
        description:
          'The row and its readings stay. With `purge=true` you get the number of dependent ' +
          'rows; repeat the request with `confirm` set to that number to delete them.',
        params: Type.Object({ [`${what}_id`]: { ...rows.path, examples: [examples.removed] } }),
        querystring: Purge,
        response: responses(
          `The ${what} is out of operation, was deleted, or awaits a confirmation.`,
          answer('it is out of operation; its row and its readings stay', Removed(what)),
          ...COMMAND_FAILURES,
          rows.missing,
          rows.taken,
          invalid('confirm', 'requires purge=true'),
        ),
      },
    },
    async ({ params, query: { purge = false, confirm } }) => {
      const id = idOf(api, table, params);
      const registry = writable(api);
      if (!purge && confirm !== undefined)
        throw new ConfigError([{ path: 'confirm', message: 'requires purge=true' }]);
      if (!purge) {
        const { name } = await registry.remove(table, id);
        const message = `${name} is out of operation; its row and its readings stay`;
        return answered(message, removed(id));
      }
      if (confirm !== undefined) {
        const rows = await registry.purge(table, id, confirm);
        return answered(`deleted, with ${confirm} rows`, { ...removed(id, rows), deleted: true });
      }
      const rows = await registry.count(table, id);
      return answered(confirmation(rows), removed(id, rows));
    },
  );
}

/** A word with a capital letter. */
function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function removed(id: string, rows?: Counts) {
  return { id, deleted: false, rows: rows ?? {}, confirm: rows ? totalOf(rows) : null };
}

/** A given id, since rows need not be running machines, or the id of a machine by name. */
function idOf({ simulator }: Api, table: RegistryTable, params: object): string {
  const text = String(Object.values(params)[0]);
  const isName = table === 'machines' && !IS_ID.test(text);
  return isName ? simulator.machine(text).id : text.toLowerCase();
}
