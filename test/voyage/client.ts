import assert from 'node:assert/strict';
import { Random } from '../../src/core/random.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';

const { machines } = DEFAULT_FACTORY;
/** Simulated time after which most injected anomalies are over [s]. */
const DURATION_MAX_S = 3600;

/** A client that sends random commands to the default factory, the same for the same seed. */
export class Client {
  /** Ids of the anomalies that the simulator confirmed. */
  readonly injected: string[] = [];
  readonly #base: string;
  readonly #random: Random;
  #draws = 0;

  constructor(apiPort: string, seed: number) {
    this.#base = `http://127.0.0.1:${apiPort}/simulator`;
    this.#random = new Random(seed, 'client');
  }

  /** A whole number below a limit. */
  below(limit: number): number {
    return Math.floor(limit * this.#random.uniform(0, this.#draws++));
  }

  /**
   * Injects, clears, starts, stops or configures. The first machine is never stopped, so that
   * there are always messages. A fault on a stopped machine is refused.
   */
  async act(): Promise<void> {
    const machine = machines[this.below(machines.length)] as (typeof machines)[0];
    const status = await this.#act(machine);
    assert.ok(status === 200 || status === 409, `answered with ${status}`);
  }

  async #act(machine: (typeof machines)[0]): Promise<number> {
    const anomaly = `machines/${machine.id}/anomaly`;
    switch (this.below(5)) {
      case 0:
        return this.inject(machine);
      case 1:
        return (await this.#ask('DELETE', anomaly)).status;
      case 2: {
        const ids = machine === machines[0] ? [machines[1]?.id] : [machine.id];
        return (await this.#ask('POST', 'stop', { machine_ids: ids })).status;
      }
      case 3:
        return (await this.#ask('POST', 'start', {})).status;
      default: {
        const changes = { anomaly_probability: this.below(100) / 100 };
        return (await this.#ask('PUT', 'config', changes)).status;
      }
    }
  }

  /** Starts all machines. */
  async start(): Promise<void> {
    assert.equal((await this.#ask('POST', 'start', {})).status, 200);
  }

  /** Injects an anomaly into a machine. @returns The status of the response. */
  async inject(machine = machines[0] as (typeof machines)[0]): Promise<number> {
    const types = machineTypes.find(({ type }) => type === machine.type)?.faultTypes ?? [];
    const response = await this.#ask('POST', `machines/${machine.id}/anomaly`, {
      anomaly_type: types[this.below(types.length)],
      severity: 1 + this.below(5),
      duration_seconds: 10 + this.below(DURATION_MAX_S),
    });
    const { data } = (await response.json()) as { data?: { id: string } };
    if (data) this.injected.push(data.id);
    return response.status;
  }

  #ask(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.#base}/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }
}
