/** The machine's interfaces and addresses, as conditions. */
import type { FamilyName } from "@flowmgr/flow-compiler";
import { type Condition, parseInterface } from "@flowmgr/flow-model";
import { isLoopback } from "../addresses.ts";
import type { Facts } from "./facts.ts";

/** No packet from outside has such a source: this network, loopback, multicast and beyond (RFC 6890, RFC 4291). */
const IMPOSSIBLE = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8"];

export class Network {
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Addresses that others reach this machine by, of families that flows judge here. */
  own(families: readonly FamilyName[]): string[] {
    const all = this.#facts.endpoints.links.flatMap(({ up, addresses }) => (up ? addresses : []));
    return [...new Set(all)].filter(
      (address) =>
        families.includes(address.includes(":") ? "ip6" : "ip") &&
        this.#facts.judges(address) &&
        !isLoopback(address) &&
        !isLinkLocal(address),
    );
  }

  /** Interfaces that others are behind; null where there are none. */
  ifaces(): Condition | null {
    return this.#interfaces(({ up }) => up);
  }

  /** Those on which somebody here has joined a multicast group; null where nobody has. */
  membersOf(group: string): Condition | null {
    return this.#interfaces(({ groups }) => groups.includes(group));
  }

  /** What may be the address of somebody else. */
  strangers(): Condition {
    return { not: true, values: IMPOSSIBLE };
  }

  #interfaces(which: (link: Facts["endpoints"]["links"][number]) => boolean): Condition | null {
    const links = this.#facts.endpoints.links.filter((link) => link.name !== "lo" && which(link));
    // The language has no word for the others.
    const values = links.flatMap(({ name }) => {
      const parsed = parseInterface(name);
      return "ok" in parsed && !name.endsWith("+") ? [name] : [];
    });
    return values.length === 0 ? null : { not: false, values };
  }
}

/** Whoever is in by such an address alone sits on the same wire. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);
