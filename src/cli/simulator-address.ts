import { reachableHost } from '../broker/listen.ts';
import { readEnvironment } from '../config/environment.ts';
import { readEnvironmentFile } from '../config/environment-file.ts';
import { SIMULATOR_URL } from '../config/variables.ts';
import { ConfigError } from '../core/errors.ts';
import { readAddress } from './address-file.ts';
import type { Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';

/** The option of every command that talks to a running simulator. */
export const URL_OPTION: Readonly<Record<'url', Option>> = {
  url: {
    value: 'URL',
    about: 'Address of the simulator.',
    default: 'ENMS_SIMULATOR_URL, else that of the simulator with this DATA_DIR',
  },
};

/** Where a simulator is, and what it may ask for. */
export interface SimulatorAddress {
  /** Without a slash at its end. */
  readonly url: string;
  /** The `API_KEY`, if there is one. */
  readonly key: string | undefined;
}

/** The variables that are read; errors in others do not concern a client. */
const READ = ['ENMS_SIMULATOR_URL', 'API_KEY', 'API_HOST', 'API_PORT', 'DATA_DIR'];

/** Reads `--url` and the environment. @throws ConfigError for errors in the environment. */
export function readSimulatorAddress(options: OptionReader): SimulatorAddress {
  const { values, faults } = readEnvironment({
    options: {},
    environment: process.env,
    file: readEnvironmentFile(process.cwd()),
  });
  const ours = faults.filter(({ path }) => READ.includes(path));
  if (ours.length > 0) throw new ConfigError(ours);
  const url =
    options.readSecret('url', SIMULATOR_URL) ??
    values.ENMS_SIMULATOR_URL ??
    readAddress(values.DATA_DIR) ??
    `http://${reachableHost(values.API_HOST)}:${values.API_PORT}`;
  return { url: url.replace(/\/+$/, ''), key: values.API_KEY };
}
