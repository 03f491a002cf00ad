import type { Database } from '../../src/store/database.ts';
import { CREATE_REGISTRY } from '../../src/store/registry/tables.ts';

const MACHINES = [
  // Plant Berlin: four valid machines, an unknown type, two invalid machines.
  ['b', 1, 'Air 1', 'compressor', 55, 690, 50, 1, 'factory/berlin/air-1', '{}'],
  ['b', 2, 'Cooling', 'hvac', 120, 690, 50, 10, 'factory/berlin/cooling', '{}'],
  ['b', 3, 'Belt', 'conveyor', 22.5, 400, 50, 5, 'factory/berlin/belt', '{}'],
  ['b', 4, 'Steam', 'boiler', 30, null, null, 30, 'factory/berlin/steam', '{}'],
  ['b', 5, 'Lathe', 'other', 30, null, 50, 10, 'factory/berlin/lathe', '{"vendor":"x"}'],
  ['b', 6, 'Broken topic', 'pump', 30, null, 50, 10, 'plant/pump', '{}'],
  ['b', 7, 'Broken power', 'motor', 99_999, null, 50, 10, 'factory/berlin/motor', '{}'],
  ['b', 8, 'Twin', 'compressor', 55, 690, 50, 1, 'factory/berlin/air-1', '{}'],
  // Planta Monterrey: a type that the EnMS does not have.
  ['a', 9, 'Prensa', 'injection_molding', 120, null, null, 30, 'factory/mty/prensa', '{}'],
  ['a', 10, 'Bomba', 'other', 45, null, null, 30, 'factory/mty/b1', '{"simulator_type":"pump"}'],
  ['a', 11, 'Bomba 2', 'pump', 300, null, null, 30, 'factory/mty/b2', '{}'],
  // A factory that cannot run, and one out of operation.
  ['c', 12, 'Lost', 'pump', 45, null, 50, 30, 'factory/nowhere/p', '{}'],
  ['d', 13, 'Asleep', 'pump', 45, null, 50, 30, 'factory/old/p', '{}'],
] as const;

const FACTORIES = [
  [
    'b',
    'Plant Berlin',
    'Berlin, hall 3',
    'Europe/Berlin',
    true,
    {
      latitude: 52.5,
      longitude: 13.4,
      owner: 'somebody',
      climate: { base_temp_c: 10 },
      calendar: {
        shifts: [{ start: 7, end: 16, load: 0.9 }],
        weekend_load: 0.1,
        holidays: ['2026-12-25'],
      },
    },
  ],
  ['a', 'Planta Monterrey', null, 'America/Monterrey', true, { latitude: 'far north' }],
  ['c', 'Nowhere', null, 'Mars/Olympus', true, {}],
  ['d', 'Old works', null, null, false, {}],
] as const;

/** Ids in reverse order of their first letters: Berlin is first. */
const factoryId = (letter: string) =>
  `${{ b: '1', a: '2', c: '3', d: '4' }[letter]}0000000-0000-0000-0000-00000000000${letter}`;

/** Creates the database of an EnMS, with additional columns, a view, a trigger and own readings. */
export async function enmsDatabase(database: Database): Promise<void> {
  // One script is one transaction. Without this, tables would be in the schema of the user.
  await database.script(`set local search_path = public; ${CREATE_REGISTRY}
    alter table machines add column notes text default 'none';
    alter table factories add column created_at timestamptz not null default '2020-01-01Z';
    create view active_machines as select * from machines where is_active;
    create function touch() returns trigger language plpgsql as
      $$ begin new.notes := coalesce(new.notes, 'touched'); return new; end $$;
    create trigger touch before insert on machines for each row execute function touch();`);
  for (const [letter, name, location, timezone, isActive, metadata] of FACTORIES)
    await database.query(
      `insert into factories (id, name, location, timezone, is_active, metadata)
       values ($1, $2, $3, $4, $5, $6::jsonb)`,
      [factoryId(letter), name, location, timezone, isActive, JSON.stringify(metadata)],
    );
  for (const [letter, number, name, type, kw, v, hz, intervalS, topic, metadata] of MACHINES)
    await database.query(
      `insert into machines (id, factory_id, name, type, rated_power_kw, rated_voltage_v,
         rated_frequency_hz, data_interval_seconds, mqtt_topic, metadata, description)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11)`,
      [
        `${letter}0000000-0000-0000-0000-${String(number).padStart(12, '0')}`,
        factoryId(letter),
        name,
        type,
        kw,
        v,
        hz,
        intervalS,
        topic,
        metadata,
        name === 'Belt' ? 'two\nlines' : null,
      ],
    );
  await database.script(`
    insert into energy_readings (time, machine_id, power_kw)
      select '2026-01-01Z'::timestamptz + i * interval '1 s', id, i
      from machines, generate_series(1, 3) i where name = 'Air 1';
    insert into machine_status (machine_id) select id from machines where name = 'Air 1';`);
}
