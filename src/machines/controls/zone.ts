import type { Values } from '../../core/machine.ts';
import { coolingCallShare, zoneTempC } from '../../physics/cooling.ts';
import { FORGETTING_TAUS, onGrid } from '../../physics/heat.ts';

const DAY_S = 86_400;
/** Per kelvin and rated cooling: losses through walls, and by ventilation [kW/kW]. */
export const LOSS_SHARE = 0.01 + 0.006;
/** Heat that the building and what is in it hold [kJ/K for each kW of rated cooling]. */
const ZONE_KJ_PER_K = 0.2 * 3600;
/** How long the zone takes to its limit. */
export const ZONE_TAU_S = ZONE_KJ_PER_K / LOSS_SHARE;
/** The condenser cools down in so long when all stages stand. */
export const CONDENSER_REST_TAU_S = 600;
/** The gas heating, which is not metered here, keeps the zone at this temperature. */
export const HEATED_C = 19;
/** No zone is warmer when its past is unknown. */
export const WARMEST_C = 30;
/** Where more than this of the water's cooling is called for, a past unknown may have lacked it. */
export const UNSURE_SHARE = 0.9;

type State = Values<
  | ('startedS' | 'windowS' | 'settledS' | 'isSettled' | 'coolingKwh')
  | ('zoneTempC' | 'zoneLimitTempC' | 'loopTempC' | 'condensingTempC')
  | ('setpointTempC' | 'coldestTempC' | 'coldestLimitTempC' | 'hottestTempC' | 'hottestLimitTempC')
>;

/** Temperature of the zone at an instant of the window [°C]. */
export function zoneTempAt(
  s: Readonly<Values<'windowS' | 'zoneTempC' | 'zoneLimitTempC'>>,
  tS: number,
): number {
  const leftShare = Math.exp(-(tS - s.windowS) / ZONE_TAU_S);
  return zoneTempC(s.zoneTempC, s.zoneLimitTempC, leftShare, HEATED_C);
}

/** Moves all that is slow to the end of the window, and notes what has forgotten the start. */
export function endWindow(s: State, tS: number): void {
  const leftShare = Math.exp(-(tS - s.windowS) / ZONE_TAU_S);
  s.zoneTempC = onGrid(zoneTempC(s.zoneTempC, s.zoneLimitTempC, leftShare, HEATED_C));
  s.loopTempC = onGrid(s.loopTempC);
  s.condensingTempC = onGrid(s.condensingTempC);
  if (s.settledS === Number.POSITIVE_INFINITY) {
    s.coldestTempC = onGrid(zoneTempC(s.coldestTempC, s.coldestLimitTempC, leftShare, HEATED_C));
    s.hottestTempC = onGrid(zoneTempC(s.hottestTempC, s.hottestLimitTempC, leftShare, HEATED_C));
  }
  if (tS % DAY_S !== 0) return;
  s.coolingKwh = 0;
  const isZoneOld = tS - s.startedS >= FORGETTING_TAUS * ZONE_TAU_S;
  if (isZoneOld || tS - s.settledS >= FORGETTING_TAUS * CONDENSER_REST_TAU_S) s.isSettled = 1;
}

/** Leads the coldest and the hottest zone that may have been through the window. */
export function followPasts(
  s: State,
  p: Values<'refKw'>,
  mostKw: number,
  idleLimitTempC: number,
  isUnsure: boolean,
): void {
  if (isUnsure) {
    s.coldestTempC = HEATED_C;
    s.hottestTempC = WARMEST_C;
  }
  const coldestKw = Math.min(mostKw, p.refKw * coolingCallShare(s.coldestTempC, s.setpointTempC));
  const hottestKw = Math.min(mostKw, p.refKw * coolingCallShare(s.hottestTempC, s.setpointTempC));
  s.coldestLimitTempC = idleLimitTempC - coldestKw / (LOSS_SHARE * p.refKw);
  s.hottestLimitTempC = idleLimitTempC - hottestKw / (LOSS_SHARE * p.refKw);
}
