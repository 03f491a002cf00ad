import { type Kind, url } from '../schema/kinds.ts';

const ADDRESS = url('postgres', 'postgresql');

/** The address of a PostgreSQL server, in the form that libpq takes. */
export const DATABASE_URL: Kind<string> = {
  ...ADDRESS,
  // libpq takes a user without a host, which URLs do not have.
  read: (value) =>
    ADDRESS.read(value) ??
    (typeof value === 'string' ? ADDRESS.read(value.replace('@/', '@localhost/')) : undefined),
};
