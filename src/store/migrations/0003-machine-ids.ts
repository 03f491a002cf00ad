/**
 * Gives machine ids in the ground truth the same type as in the readings, so that you can join
 * them; an EnMS with text ids keeps text. Also adds comments to the tables.
 */
export const MACHINE_IDS = `
do $$ begin
  if not exists (
    select from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid = to_regclass('machines') and attname = 'id' and typcategory = 'S')
  then
    alter table simulator.ground_truth alter column machine_id type uuid using machine_id::uuid;
  end if;
end $$;

comment on schema simulator is 'Internal to the factory simulator, except for ground_truth';
comment on table simulator.ground_truth is
  'One row per anomaly, written once the machine has recovered';
comment on column simulator.ground_truth.origin is 'injected, random or scenario';
comment on column simulator.ground_truth.severity is '1 (slight) to 5 (severe)';
comment on column simulator.ground_truth.planned_end_at is 'When it would have ended by itself';
comment on column simulator.ground_truth.cleared_by is 'What ended it early, if anything did';
comment on column simulator.ground_truth.affected_signals is
  'Columns of the readings it moves, most affected first';
comment on column simulator.ground_truth.excess_energy_kwh is
  'Energy used beyond that of the same machine without the anomaly [kWh]';
comment on column simulator.ground_truth.lost_production_units is
  'Units the same machine would have made more without the anomaly';
comment on table simulator.events is 'Commands and settings, in order';
comment on table simulator.watermarks is 'How far each sink has delivered';
comment on table simulator.gaps is 'Times that a sink has left out';
`;
