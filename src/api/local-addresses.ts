import { existsSync, readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { endianness } from 'node:os';
import { GATEWAY } from '../schema/value-type.ts';

/** The kernel's routes; only Linux has this file. */
const ROUTES = '/proc/net/route';
/** The flag of a route that goes through a gateway, `RTF_GATEWAY` of linux/route.h. */
const THROUGH_GATEWAY = 2;

/** A list of addresses and ranges; `gateway` is the default gateway at the time of the call. */
export function addressList(items: readonly string[]): BlockList {
  const list = new BlockList();
  const routes = () => (existsSync(ROUTES) ? readFileSync(ROUTES, 'utf8') : '');
  for (const item of items.flatMap((each) => (each === GATEWAY ? gateways(routes()) : each))) {
    const [address = '', bits] = item.split('/');
    const isVersion6 = isIP(address) === 6;
    const length = Number(bits ?? (isVersion6 ? 128 : 32));
    list.addSubnet(address, length, isVersion6 ? 'ipv6' : 'ipv4');
    // A socket for both versions shows an IPv4 client in this form.
    if (!isVersion6) list.addSubnet(`::ffff:${address}`, 96 + length, 'ipv6');
  }
  return list;
}

/**
 * The default gateways in a table of routes in the form of `/proc/net/route`. In a container, the
 * engine's gateway is the address that clients of a published loopback port come from.
 */
export function gateways(routes: string): string[] {
  return routes
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, destination, , flags]) =>
        destination === '00000000' && Number.parseInt(flags ?? '', 16) & THROUGH_GATEWAY,
    )
    .map(([, , gateway = '']) => {
      // The kernel prints a number in the byte order of the processor.
      const bytes = Buffer.from(gateway, 'hex');
      return (endianness() === 'LE' ? bytes.reverse() : bytes).join('.');
    });
}
