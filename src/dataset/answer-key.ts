import type { Machine } from '../core/factory.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { type DefectTruth, defectTruthsOf } from './defect-truth.ts';
import { isTold, type WindowRequest } from './request.ts';
import {
  changesIn,
  fleetWithout,
  fleetWithoutMeasures,
  type HourlyEnergy,
  hourlyEnergy,
  type Saving,
  savingsOf,
  type WindowChange,
} from './savings.ts';
import { type Truth, truthsOf } from './truth.ts';

/** The answer key of some machines. */
export interface AnswerKey {
  readonly anomalies: readonly Truth[];
  readonly defects: readonly DefectTruth[];
  readonly savings: readonly Saving[];
  /** What each machine takes by the hour; empty if it was not asked for. */
  readonly energy: readonly HourlyEnergy[];
}

/** Which parts of an answer key are written. */
export interface KeyScope {
  /** Whether there are tables of defects, changes and scenarios. */
  readonly ofStories: boolean;
  /** Whether there are tables of energy by the hour and by the quarter-hour. */
  readonly isDetailed: boolean;
}

/** The parts of the answer key of a dataset. */
export function keyScope(
  request: WindowRequest & { readonly hasLabels: boolean; readonly truthFolder?: string },
): KeyScope {
  const { hasLabels, truthFolder } = request;
  const ofStories = isTold(request);
  return { ofStories, isDetailed: truthFolder !== undefined || (hasLabels && ofStories) };
}

/** Makes the answer keys of the machines of a window, one after another. */
export class AnswerKeys {
  readonly #fleet: Fleet;
  readonly #request: WindowRequest;
  readonly #scope: KeyScope;
  readonly #changes: readonly WindowChange[];
  /** The fleet without each change, made when the first machine needs it. */
  readonly #others: Fleet[] = [];
  #withoutMeasures: Fleet | undefined;

  /** @param fleet - The one that readings are told of. */
  constructor(fleet: Fleet, request: WindowRequest, scope: KeyScope) {
    this.#fleet = fleet;
    this.#request = request;
    this.#scope = scope;
    this.#changes = scope.ofStories ? changesIn(fleet, request.fromMs, request.toMs) : [];
  }

  of(machines: readonly Machine[]): AnswerKey {
    const fleet = this.#fleet;
    const { fromMs, toMs } = this.#request;
    const { ofStories, isDetailed } = this.#scope;
    return {
      anomalies: machines.flatMap((machine) =>
        truthsOf(fleet, machine, fromMs, toMs, ofStories || isDetailed),
      ),
      defects: ofStories
        ? machines.flatMap((machine) => defectTruthsOf(fleet, machine, fromMs, toMs))
        : [],
      savings: machines.flatMap(({ id }) =>
        savingsOf(fleet, id, this.#changes, (change) => this.#without(change), fromMs, toMs),
      ),
      energy: isDetailed ? machines.map((machine) => this.#energyOf(machine)) : [],
    };
  }

  #without(change: number): Fleet {
    this.#others[change] ??= fleetWithout(this.#fleet, this.#changes[change] as WindowChange);
    return this.#others[change];
  }

  #energyOf(machine: Machine): HourlyEnergy {
    const { fromMs, toMs } = this.#request;
    this.#withoutMeasures ??= fleetWithoutMeasures(this.#fleet, fromMs, toMs);
    return hourlyEnergy(this.#fleet, this.#withoutMeasures, machine, fromMs, toMs);
  }
}

/** Several answer keys as one. */
export function joined(keys: readonly AnswerKey[]): AnswerKey {
  return {
    anomalies: keys.flatMap(({ anomalies }) => anomalies),
    defects: keys.flatMap(({ defects }) => defects),
    savings: keys.flatMap(({ savings }) => savings),
    energy: keys.flatMap(({ energy }) => energy),
  };
}
