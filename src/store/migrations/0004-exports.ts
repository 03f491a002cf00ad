/** The exports that clients of the API ask for; their files are in a folder of that name. */
export const EXPORTS = `
create table simulator.exports (
  id uuid primary key,
  folder text not null,
  record jsonb not null,
  is_ending boolean not null default false,
  updated_at timestamptz not null default now());

comment on table simulator.exports is 'Datasets that the API makes, or made within the last day';
`;
