import type { TimeDefect } from '../core/defect.ts';
import { Zone } from '../site/zone.ts';

/** Zones that defects have named, by name. */
const zones = new Map<string, Zone>();

/** A clock on local time. */
export const localTime: TimeDefect = {
  kind: 'local_time',
  about: 'The clock is on local time, which is told as if it were UTC.',
  class: 'time',
  keys: { zone: { about: 'The time zone; the factory’s by default.', type: { is: 'zone' } } },
  aheadS(tS, { values }) {
    const name = values['zone'] as string;
    let zone = zones.get(name);
    if (!zone) {
      zone = new Zone(name);
      zones.set(name, zone);
    }
    return zone.offsetS(tS);
  },
};
