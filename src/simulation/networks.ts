import type { FactoryDescription, Machine } from '../core/factory.ts';
import type { Journal } from '../core/journal.ts';
import type { Use } from '../core/machine.ts';
import type { NetworkName, Site } from '../core/site.ts';
import { type Consumer, Network, type Supplier, SupplierSite } from '../site/network.ts';
import { Running } from './running.ts';
import { WearModel } from './wear-model.ts';

/** The networks of a factory that have suppliers. */
export type Networks = ReadonlyMap<NetworkName, Network>;

/** Builds the networks that a factory describes, between its machines. */
export function networksOf(
  { networks = {} }: FactoryDescription,
  machines: readonly Machine[],
  site: Site,
  journal: Journal,
): Networks {
  const built = new Map<NetworkName, Network>();
  for (const [key, description] of Object.entries(networks)) {
    const name = key as NetworkName;
    const suppliers = machines.flatMap((machine) => supplierOf(machine, name, journal) ?? []);
    if (suppliers.length === 0) continue;
    const uses = description.consumers ?? {};
    const consumers = machines.flatMap((each) => consumerOf(each, name, uses, journal) ?? []);
    built.set(name, new Network(name, description, suppliers, consumers, site));
  }
  return built;
}

/** A machine as part of the networks; a supplier gets a site with the demand on it. */
export function connected(machine: Machine, networks: Networks): Machine {
  const network = machine.type.supply && networks.get(machine.type.supply.network);
  if (!network) return machine;
  const index = network.suppliers.findIndex(({ machineId }) => machineId === machine.id);
  return { ...machine, site: new SupplierSite(machine.site, network, index) };
}

/** Whether a machine is switched on and not in maintenance, which faults do not change. */
function readiness(machine: Machine, journal: Journal): (tS: number) => boolean {
  const wear = new WearModel(machine);
  const running = new Running(machine, journal);
  return (tS) =>
    running.isRunning(tS) && tS < (wear.parametersAt(tS)['maintenanceFromS'] as number);
}

function supplierOf(machine: Machine, name: NetworkName, journal: Journal): Supplier | undefined {
  const { supply } = machine.type;
  if (supply?.network !== name) return undefined;
  const { parameters } = machine;
  return {
    machineId: machine.id,
    name: machine.name,
    isReady: readiness(machine, journal),
    capacity: supply.capacity(parameters),
    deliveredShare: (requestedShare) =>
      supply.deliveredShare?.(parameters, requestedShare) ?? requestedShare,
  };
}

function consumerOf(
  machine: Machine,
  network: NetworkName,
  uses: Readonly<Record<string, number>>,
  journal: Journal,
): Consumer | undefined {
  const { name, type, parameters, site, random } = machine;
  const { activityShare } = type;
  const full = uses[name];
  const use = type.uses?.[network];
  if (!activityShare || full === 0 || (full === undefined && !use)) return undefined;
  const own = random.copy();
  const draw: Use = use ?? ((_p, share) => share);
  const factor = full === undefined ? 1 : full / draw(parameters, 1);
  return {
    isReady: readiness(machine, journal),
    drawn: (tS) => factor * draw(parameters, activityShare(parameters, site, own, tS)),
  };
}
