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
import {
  answer,
  answered,
  COMMAND_FAILURES,
  command,
  FactoryName,
  failures,
  Id,
  MachineName,
  numberOrNull,
  responses,
} from '../schemas.ts';
import { compileValidator } from '../validation.ts';

/** The documentation of the routes for one table. */
interface Rows {
  readonly table: RegistryTable;
  readonly what: 'factory' | 'machine';
  readonly tag: (typeof TAGS)[keyof typeof TAGS];
  readonly columns: Keys;
  readonly examples: { readonly created: Input; readonly updated: Input };
}

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
    },
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
    },
  },
];

const Purge = command({
  purge: Type.Optional(Type.Boolean({ description: 'Delete the row and its readings.' })),
  confirm: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Number of dependent rows, from the previous response.',
    }),
  ),
});

const Removed = Type.Object({
  id: Id,
  deleted: Type.Boolean({
    description: 'False: it is out of operation, or the purge is not confirmed yet.',
  }),
  rows: Type.Record(Type.String(), Type.Integer(), {
    description: 'Dependent rows by table; only counted for a purge.',
    examples: [{ energy_readings: 3600 }],
  }),
  confirm: numberOrNull({
    description: 'The value that confirms the purge, if one was requested.',
  }),
});

/**
 * The body that a client may send, for the documentation. The registry checks it, after checking
 * that it may be changed at all.
 */
function bodySchema(columns: Keys, example: Input): TSchema {
  const { required = [], ...schema } = objectSchema(columns);
  const minProperties = Math.max(1, required.length);
  return { ...schema, required, minProperties, examples: [example] };
}

/** A row of the database. */
function rowSchema(columns: Keys): TSchema {
  const { properties = {} } = objectSchema(columns);
  const entries = Object.entries(properties).map(([name, { type = 'object', description }]) => [
    name,
    { type: [type, 'null'].flat(), description },
  ]);
  return {
    type: 'object',
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
  throw new CommandError('conflict', 'the registry is read-only: it comes from a factory file');
}

function isInFleet({ simulator }: Api, table: RegistryTable, id: string): boolean {
  return simulator.fleet[table].some((each) => each.id === id);
}

function create(app: App, api: Api, { table, what, tag, columns, examples }: Rows) {
  const Row = rowSchema(columns);
  const good = { ...answer(Row), description: 'Created; runs from the next second on' };
  app.post(
    `/simulator/${table}`,
    {
      validatorCompiler,
      schema: {
        tags: [tag],
        summary: `Add a ${what} to the registry`,
        body: bodySchema(columns, examples.created),
        response: { 201: good, ...failures(...COMMAND_FAILURES, 404, 409) },
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

function update(app: App, api: Api, { table, what, tag, columns, examples }: Rows) {
  app.put(
    `/simulator/${table}/:${what}_id`,
    {
      validatorCompiler,
      schema: {
        tags: [tag],
        summary: `Change some columns of a ${what}`,
        params: Type.Object({ [`${what}_id`]: nameOf(table) }),
        body: bodySchema(changeable(columns), examples.updated),
        response: responses(answer(rowSchema(columns)), ...COMMAND_FAILURES, 404, 409),
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

function remove(app: App, api: Api, { table, what, tag }: Rows) {
  app.delete(
    `/simulator/${table}/:${what}_id`,
    {
      schema: {
        tags: [tag],
        summary: `Stop a ${what} and take it out of operation, or delete it permanently`,
        description:
          'The row and its readings stay. With `purge=true` you get the number of dependent ' +
          'rows; repeat the request with `confirm` set to that number to delete them.',
        params: Type.Object({ [`${what}_id`]: nameOf(table) }),
        querystring: Purge,
        response: responses(answer(Removed), ...COMMAND_FAILURES, 404, 409),
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

function removed(id: string, rows?: Counts) {
  return { id, deleted: false, rows: rows ?? {}, confirm: rows ? totalOf(rows) : null };
}

function nameOf(table: RegistryTable): TSchema {
  return table === 'machines' ? MachineName : FactoryName;
}

/** A given id, since rows need not be running, or the id of what runs by that name. */
function idOf({ simulator }: Api, table: RegistryTable, params: object): string {
  const text = String(Object.values(params)[0]);
  if (IS_ID.test(text)) return text.toLowerCase();
  return (table === 'machines' ? simulator.machine(text) : simulator.factory(text)).id;
}
