import Type, { type TSchema } from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import { IS_ID } from '../../core/machine-finder.ts';
import { changeable } from '../../factory/columns.ts';
import { CommandError } from '../../service/command-error.ts';
import type { Registry } from '../../service/registry.ts';
import type { RegistryTable } from '../../store/registry/columns.ts';
import type { Input } from '../../store/registry/input.ts';
import { type Counts, confirmation, totalOf } from '../../store/registry/purge.ts';
import type { Api, App } from '../context.ts';
import {
  bodySchema,
  Purge,
  READ_ONLY,
  Removed,
  type Rows,
  rowSchema,
  rowsOf,
  titled,
} from '../registry-schemas.ts';
import {
  COMMAND_FAILURES,
  described,
  failures,
  invalid,
  NO_FACTORY,
  responses,
} from '../responses.ts';
import { answer, answered } from '../schemas.ts';
import { compileValidator } from '../validation.ts';

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

function removed(id: string, rows?: Counts) {
  return { id, deleted: false, rows: rows ?? {}, confirm: rows ? totalOf(rows) : null };
}

/** A given id, since rows need not be running, or the id of what runs by that name. */
function idOf({ simulator }: Api, table: RegistryTable, params: object): string {
  const text = String(Object.values(params)[0]);
  if (IS_ID.test(text)) return text.toLowerCase();
  return (table === 'machines' ? simulator.machine(text) : simulator.factory(text)).id;
}
