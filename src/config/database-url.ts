import { url, type ValueType } from '../schema/value-type.ts';

const ADDRESS = url('postgres', 'postgresql');

/** The URL of a PostgreSQL server, in the form that libpq accepts. */
export const DATABASE_URL: ValueType<string> = {
  ...ADDRESS,
  // libpq accepts a user without a host, which URLs do not allow.
  parse: (value) =>
    ADDRESS.parse(value) ??
    (typeof value === 'string' ? ADDRESS.parse(value.replace('@/', '@localhost/')) : undefined),
};
