import {
  FIND_TABLES,
  type FoundColumn,
  type FoundTable,
  isNumber,
  isText,
} from '../../outputs/postgres/catalogue.ts';
import type { Queries } from '../database.ts';
import { StoreError } from '../store-error.ts';

/** A table of the registry. */
export type RegistryTable = 'factories' | 'machines';

/** The kinds of columns: which types fit, how to read them, and how messages describe them. */
const KINDS = {
  id: {
    fits: (column: FoundColumn) => column.base === 'uuid' || column.category === 'S',
    read: (name: string) => `${name}::text`,
    accepted: 'uuid or text',
  },
  text: { fits: isText, read: (name: string) => `${name}::text`, accepted: 'text' },
  number: { fits: isNumber, read: (name: string) => `${name}::float8`, accepted: 'a number' },
  flag: {
    fits: ({ base }: FoundColumn) => base === 'boolean',
    read: (name: string) => name,
    accepted: 'boolean',
  },
  json: {
    fits: ({ base }: FoundColumn) => base === 'jsonb' || base === 'json',
    read: (name: string) => name,
    accepted: 'jsonb',
  },
} as const;

type Columns = Readonly<Record<string, keyof typeof KINDS>>;

const NEEDED: Readonly<Record<RegistryTable, Columns>> = {
  factories: { id: 'id', name: 'text' },
  machines: {
    id: 'id',
    factory_id: 'id',
    name: 'text',
    type: 'text',
    rated_power_kw: 'number',
    data_interval_seconds: 'number',
  },
};

const OPTIONAL: Readonly<Record<RegistryTable, Columns>> = {
  factories: { location: 'text', timezone: 'text', is_active: 'flag', metadata: 'json' },
  machines: {
    description: 'text',
    rated_voltage_v: 'number',
    rated_current_a: 'number',
    rated_frequency_hz: 'number',
    mqtt_topic: 'text',
    is_active: 'flag',
    is_critical: 'flag',
    metadata: 'json',
  },
};

/** A table of the registry as the database has it. */
class TableColumns {
  /** The select list of a row. Missing columns are null. */
  readonly selected: string;
  readonly #present: ReadonlySet<string>;

  constructor(table: RegistryTable, present: ReadonlySet<string>) {
    this.#present = present;
    const all = Object.entries({ ...NEEDED[table], ...OPTIONAL[table] });
    this.selected = all
      .map(([name, kind]) => `${this.or(name, KINDS[kind].read(name), DEFAULTS[name])} as ${name}`)
      .join(', ');
  }

  has(name: string): boolean {
    return this.#present.has(name);
  }

  /** The values of a row that have a column. */
  known(row: object): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(row).filter(([name]) => this.has(name)));
  }

  /** An SQL expression if the column exists, otherwise a substitute. */
  or(name: string, expression = name, otherwise = 'null'): string {
    return this.has(name) ? expression : otherwise;
  }
}

/** What applies to all rows if a column is missing. */
const DEFAULTS: Readonly<Record<string, string>> = { is_active: 'true' };

/** Both tables of the registry, and remarks about columns that are not read. */
export interface RegistryColumns extends Readonly<Record<RegistryTable, TableColumns>> {
  readonly remarks: readonly string[];
}

/**
 * Determines the columns of a database's registry.
 *
 * @throws StoreError that names everything that is missing.
 */
export async function registryColumns(queries: Queries): Promise<RegistryColumns> {
  const names = ['factories', 'machines'] as const;
  const tables = names.map((name) => ({ name, key: '', rights: 'select' }));
  const rows = await queries.query<FoundTable>(FIND_TABLES, [JSON.stringify(tables)]);
  const faults: string[] = [];
  const remarks: string[] = [];
  const [factories, machines] = names.map((name) => {
    const found = rows.find((row) => row.name === name) as FoundTable;
    return new TableColumns(name, presentColumns(name, found, faults, remarks));
  });
  if (faults.length > 0)
    throw new StoreError('rejected', `the registry cannot be read: ${faults.join('; ')}`);
  return { factories: factories as TableColumns, machines: machines as TableColumns, remarks };
}

function presentColumns(
  table: RegistryTable,
  { is_there, columns, missing_rights }: FoundTable,
  faults: string[],
  remarks: string[],
): ReadonlySet<string> {
  const present = new Set<string>();
  if (missing_rights) faults.push(`no permission to ${missing_rights} ${table}`);
  if (!is_there) faults.push(`there is no table ${table}`);
  const found = new Map(columns?.map((column) => [column.name, column]));
  const needed = Object.keys(NEEDED[table]);
  if (is_there)
    for (const [name, kind] of Object.entries({ ...NEEDED[table], ...OPTIONAL[table] })) {
      const column = found.get(name);
      const { fits, accepted } = KINDS[kind];
      if (column && fits(column)) present.add(name);
      else if (needed.includes(name))
        faults.push(
          column
            ? `${table}.${name} is ${column.declared}; ${accepted} is needed`
            : `${table} has no column ${name}`,
        );
      else if (column)
        remarks.push(`${table}.${name} is ${column.declared}, not ${accepted}, and is not read`);
    }
  return present;
}
