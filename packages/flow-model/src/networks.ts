/** Ranges of addresses as networks. */
import { type Address, printAddress } from "./address.ts";
import { BITS } from "./address-bits.ts";
import type { AddressRange } from "./address-set.ts";
import type { Family } from "./family.ts";

/** The fewest networks that together hold the interval, in order, as text. */
export function networksOf({ low, high }: AddressRange, family: Family): string[] {
  const networks: string[] = [];
  for (let start = low; start <= high; ) {
    let host = 0;
    while (host < BITS[family] && fits(start, host + 1, high)) host += 1;
    const network: Address = { family, bits: start, prefix: BITS[family] - host, hostBits: false };
    networks.push(printAddress(network));
    start += 1n << BigInt(host);
  }
  return networks;
}

/** Does a network with so many host bits begin here, and end before the end? */
function fits(start: bigint, host: number, high: bigint): boolean {
  const size = 1n << BigInt(host);
  return start % size === 0n && start + size - 1n <= high;
}
