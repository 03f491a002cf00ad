/** The simulator's own tables, separate from the registry, in their own schema. */
export const SIMULATOR_TABLES = `
create table simulator.identity (
  is_only boolean primary key default true check (is_only),
  seed bigint not null,
  version text not null,
  made_registry boolean not null default false,
  created_at timestamptz not null default now());

create table simulator.settings (
  is_only boolean primary key default true check (is_only),
  begun jsonb not null,
  configured jsonb not null);

create table simulator.events (
  sequence bigint primary key,
  time_s double precision not null,
  kind text not null,
  body jsonb not null,
  recorded_at timestamptz not null default now());

create table simulator.watermarks (
  sink text primary key,
  time_ms double precision not null,
  live_from_ms double precision not null,
  updated_at timestamptz not null default now());

create table simulator.clock (
  is_only boolean primary key default true check (is_only),
  simulated_ms double precision not null,
  real_ms double precision not null,
  speed double precision not null check (speed > 0),
  updated_at timestamptz not null default now());

create table simulator.gaps (
  id bigint generated always as identity primary key,
  sink text not null,
  from_ms double precision not null,
  to_ms double precision not null,
  recorded_at timestamptz not null default now());

create table simulator.ground_truth (
  id text primary key,
  machine_id text not null,
  anomaly_type text not null,
  origin text not null,
  severity double precision not null,
  started_at timestamptz not null,
  planned_end_at timestamptz not null,
  ended_at timestamptz not null,
  cleared_by text,
  affected_signals text[] not null,
  excess_energy_kwh double precision not null,
  lost_production_units double precision not null,
  final boolean not null,
  updated_at timestamptz not null default now());
create index on simulator.ground_truth (started_at, id);
create index on simulator.ground_truth (machine_id, started_at);
`;
