import { ConfigError } from '../core/errors.ts';
import { isCalled } from '../core/machine-finder.ts';
import type { Option } from './command.ts';
import { unknown } from './command-line.ts';
import {
  type Factory,
  type Machine,
  RefusedRequest,
  type SimulatorClient,
} from './simulator-client.ts';

/** The option that chooses machines by their factory, and so tells those of one name apart. */
export const SITE_OPTION: Readonly<Record<'factory', Option>> = {
  factory: {
    value: 'NAME',
    about: 'Only machines of this factory, by name or id.',
  },
};

/**
 * Finds a machine of a running simulator by its id or its name.
 *
 * @param factory - The id or the name of its factory, if given.
 * @throws ConfigError if there is none, or several; it lists them.
 */
export async function findMachine(
  client: SimulatorClient,
  text: string,
  factory: string | undefined,
): Promise<Machine> {
  if (factory === undefined)
    try {
      return await client.get<Machine>(`/simulator/machines/${encodeURIComponent(text)}`);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
    }
  const machines = await client.machines(factory);
  const called = machines.filter(({ machine_id, machine_name }) =>
    isCalled({ id: machine_id, name: machine_name }, text),
  );
  const [machine, ...others] = called;
  if (!machine) {
    const names = machines.map(({ machine_name }) => machine_name);
    throw new ConfigError([
      unknown(text, 'a machine of this simulator', names.slice(0, NAMES_MAX)),
    ]);
  }
  if (others.length === 0) return machine;
  const factories = await client.get<Factory[]>('/simulator/factories');
  const nameOf = (id: string) =>
    factories.find(({ factory_id }) => factory_id === id)?.factory_name ?? id;
  const candidates = called
    .slice(0, NAMES_MAX)
    .map(({ machine_id, factory_id }) => `${machine_id} in ${nameOf(factory_id)}`);
  const message = `${called.length} machines have this name: ${candidates.join(', ')}`;
  throw new ConfigError([{ path: text, message: `${message}; give an id, or --factory` }]);
}

/** Most names in a message. */
const NAMES_MAX = 20;
