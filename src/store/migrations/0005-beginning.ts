/**
 * When a store begins, in simulated time: energy registers count from then on. Their totals are a
 * cache.
 */
export const BEGINNING = `
alter table simulator.identity add column begins_s double precision;

create table simulator.register_totals (
  machine_id text primary key,
  digest text not null,
  totals jsonb not null,
  updated_at timestamptz not null default now());

comment on table simulator.register_totals is
  'What energy registers had counted on the last days, so that a start need not count again';
`;
