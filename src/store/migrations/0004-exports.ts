/** The exports requested through the API. Each has its files in a folder named after its id. */
export const EXPORTS = `
create table simulator.exports (
  id uuid primary key,
  folder text not null,
  state text not null check (state in ('running', 'done', 'failed')),
  is_ending boolean not null default false,
  owner text,
  asked jsonb not null,
  created_ms double precision not null,
  ended_ms double precision,
  error text,
  rows bigint not null,
  all_rows bigint not null,
  bytes bigint not null,
  files jsonb not null,
  updated_at timestamptz not null default now());

comment on table simulator.exports is 'Datasets that the API makes, or made within the last day';
`;
