import { spawn } from 'node:child_process';
import type { Command } from './command.ts';
import { OptionReader } from './option-reader.ts';
import { readSimulatorAddress, URL_OPTION } from './simulator-address.ts';
import { SimulatorClient } from './simulator-client.ts';

/** What opens an address, by platform. Without a shell, so that no part of it is run. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens the dashboard of a running simulator in the browser. */
export const open: Command = {
  name: 'open',
  about: 'Open the dashboard of a running simulator in the browser, and print its address.',
  options: URL_OPTION,
  examples: ['open', 'open --url http://localhost:8004'],
  hasReport: true,
  async execute(args, reporter) {
    const options = new OptionReader(args);
    const address = readSimulatorAddress(options);
    options.check();
    const { url } = await SimulatorClient.connect(address);
    const text = () => `${url}/\n`;
    reporter.report({ content: () => ({ url: `${url}/` }), text, brief: text });
    const [program = '', ...words] = OPENERS[process.platform] ?? ['xdg-open'];
    const child = spawn(program, [...words, `${url}/`], { detached: true, stdio: 'ignore' });
    // Without a browser, the address must do.
    child.on('error', () => {});
    child.unref();
    return 0;
  },
};
