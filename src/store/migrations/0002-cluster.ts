/**
 * The tables that the processes of a live cluster share. Processes take turns on the row of
 * `horizon`: to close seconds or append an event, a process locks the row and then reads the
 * clock.
 */
export const CLUSTER_TABLES = `
create table simulator.cluster (
  is_only boolean primary key default true check (is_only),
  shards integer not null check (shards > 0),
  begun_s double precision not null,
  version text not null,
  digests jsonb not null);

create table simulator.horizon (
  is_only boolean primary key default true check (is_only),
  closed_s double precision not null,
  registry_version bigint not null default 0,
  registry_from_s double precision not null default '-infinity',
  registry_digest text);

create table simulator.members (
  id text primary key,
  role text not null,
  version text not null,
  joined_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp());

create table simulator.shards (
  shard integer not null,
  sink text not null,
  token bigint not null default 0,
  owner text,
  time_ms double precision,
  live_from_ms double precision,
  readings bigint not null default 0,
  messages bigint not null default 0,
  bytes bigint not null default 0,
  failures bigint not null default 0,
  reconnects bigint not null default 0,
  readings_per_s double precision not null default 0,
  is_connected boolean not null default false,
  last_error text,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (shard, sink));

create function simulator.simulated_ms() returns double precision language sql volatile as $$
  select simulated_ms
    + (1000 * extract(epoch from clock_timestamp())::double precision - real_ms) * speed
  from simulator.clock $$;

create function simulator.close_horizon() returns void language plpgsql as $$
begin
  perform from simulator.horizon where closed_s < floor(simulator.simulated_ms() / 1000);
  if not found then return; end if;
  perform from simulator.horizon for update;
  update simulator.horizon
    set closed_s = greatest(closed_s, floor(simulator.simulated_ms() / 1000));
end $$;

create procedure simulator.save_shard(
  of_shard integer, of_sink text, with_token bigint, until_ms double precision
) language plpgsql as $$
begin
  update simulator.shards set time_ms = until_ms, updated_at = clock_timestamp()
  where shard = of_shard and sink = of_sink and token = with_token;
  if not found then
    raise exception 'shard % has another owner', of_shard using errcode = 'EN001';
  end if;
end $$;
`;
