/** The sets of networks that rules name, read back from what `ipset restore` would be told. */
import { type Address, type Family, parseAddress, setOf } from "@flowmgr/flow-model";
import { type Addresses, addressesIn } from "../space/addresses.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** The addresses of each set by its name. */
export type Sets = ReadonlyMap<string, Addresses>;

/** Throws UnreadableProgram at what a program may not hold. */
export function readSetsText(text: string, family: Family): Sets {
  const found = new Map<string, { most: number; networks: Address[] }>();
  const inet = family === 4 ? "inet" : "inet6";
  const create = new RegExp(`^create (\\S+) hash:net family ${inet} hashsize \\d+ maxelem (\\d+)$`);
  for (const line of text.split("\n").slice(0, -1)) {
    const [, made, most] = create.exec(line) ?? [];
    if (made !== undefined) {
      if (found.has(made)) throw refused("there is a set of this name already", line);
      found.set(made, { most: Number(most), networks: [] });
      continue;
    }
    const [verb, name = "", network = "", ...more] = line.split(" ");
    const address = parseAddress(network);
    if (verb !== "add" || more.length > 0 || "error" in address || address.ok.family !== family) {
      throw refused("not a network of a set", line);
    }
    const set = found.get(name);
    // The kernel takes no network of every address.
    if (!set || set.networks.length >= set.most || address.ok.prefix === 0) {
      throw refused("there is no set that takes it", line);
    }
    set.networks.push(address.ok);
  }
  return new Map([...found].map(([name, { networks }]) => [name, addressesIn(setOf(networks), family)]));
}

function refused(what: string, line: string): UnreadableProgram {
  return new UnreadableProgram(`${what}: "${line}"`);
}
