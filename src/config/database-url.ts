import { url, type ValueType } from '../schema/value-type.ts';

const ADDRESS = url('postgres', 'postgresql');

/** The address of a PostgreSQL server, in the form that libpq takes. */
export const DATABASE_URL: ValueType<string> = {
  ...ADDRESS,
  // libpq takes a user without a host, which URLs do not have.
  parse: (value) =>
    ADDRESS.parse(value) ??
    (typeof value === 'string' ? ADDRESS.parse(value.replace('@/', '@localhost/')) : undefined),
};
