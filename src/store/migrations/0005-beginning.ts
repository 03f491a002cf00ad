/**
 * When a store begins, in simulated time: energy registers count from then on. Their totals are a
 * cache.
 */
export const BEGINNING = `
alter table simulator.identity add column begins_s double precision;

create table simulator.machine_beginnings (
  machine_id text primary key,
  begins_s double precision);

comment on column simulator.machine_beginnings.begins_s is
  'Simulated time at which a running factory got it; null: it was there from the beginning';

create table simulator.register_totals (
  machine_id text primary key,
  digest text not null,
  totals jsonb not null,
  updated_at timestamptz not null default now());

comment on table simulator.register_totals is
  'What energy registers had counted on the last days, so that a start need not count again';
`;
