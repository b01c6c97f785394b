/**
 * Flows for some ports of any address. No question about addresses tells them apart, so each would stand at the end of
 * every way through the tree. Those that may change places with all others on one side, because no packet is for both,
 * are gathered at that end of the flows, and each way meets one jump for all of them: `-p tcp -m multiport --dports
 * 25,5000:5693 -j FLOWS-behind-tcp`. The chain behind it is a tree of their own.
 *
 * A counter counts as in the order of the config. What a flow is passed by must not be counted by its `ignore`, so one
 * that has an `ignore` may be passed only by packets that its jumps do not let in.
 */
import type { Entry } from "./dispatch-entry.ts";
import { cover, type PortRange, type Reach, SLOTS, slotsOf } from "./reach.ts";

/** Flows that became one jump. `proto`: `-p tcp`. */
export type Gathered = { place: "before" | "behind"; proto: string; entries: Entry[]; ports: PortRange[] };

/** The flows in the order in which they are met: those gathered at either end, and all others between. */
export type Ends = { before: Gathered[]; others: Entry[]; behind: Gathered[]; last: Entry[] };

/** One jump costs as much as looking at two of them. */
const FEWEST = 3;

/** Parts the flows; `last` are those behind all others that take packets of any kind. */
export function gatherPorts(entries: readonly Entry[]): Ends {
  let end = entries.length;
  while (end > 0 && entries[end - 1]?.reaches.some(isAny)) end -= 1;
  const movable = entries.slice(0, end);
  const last = entries.slice(end);
  const behind = enough(passing([...movable].reverse(), letIn).reverse());
  const stay = movable.filter((entry) => !behind.has(entry));
  const before = enough(passing(stay, ({ reaches }) => reaches));
  return {
    before: gathered("before", [...before]),
    others: stay.filter((entry) => !before.has(entry)),
    behind: gathered("behind", [...behind]),
    last,
  };
}

const isAny = ({ dst, src, proto, ports }: Reach) =>
  dst === null && src === null && proto === "" && ports === null;

/** With an `ignore`, only where the jump lets in no other packets than those that a `match` can take. */
const isForPorts = ({ reaches, ignores }: Entry) =>
  reaches.every(
    ({ dst, src, ports }) =>
      dst === null && src === null && ports !== null && !(ignores && slotsOf(ports) > SLOTS),
  );

/** Those for ports alone that may go past all the others before them, each of which takes what `taking` says. */
function passing(entries: readonly Entry[], taking: (entry: Entry) => readonly Reach[]): Entry[] {
  const taken = new Taken();
  return entries.filter((entry) => {
    const passes = isForPorts(entry) && !taken.meets(entry.reaches);
    if (!passes) taken.add(taking(entry));
    return passes;
  });
}

/** The packets that a flow may count: with an `ignore`, all that `jumps` lets in, which asks for a protocol at most. */
function letIn({ reaches, ignores }: Entry): readonly Reach[] {
  const [first] = reaches;
  if (!ignores || !first) return reaches;
  const proto = reaches.every((one) => one.proto === first.proto) ? first.proto : "";
  return [{ ...first, proto, ports: null }];
}

function enough(entries: readonly Entry[]): Set<Entry> {
  return new Set(entries.length < FEWEST ? [] : entries);
}

function gathered(place: Gathered["place"], entries: readonly Entry[]): Gathered[] {
  const protos = new Set(entries.flatMap(({ reaches }) => reaches.map(({ proto }) => proto)));
  return [...protos].map((proto) => {
    const some = entries.flatMap((entry) => {
      const reaches = entry.reaches.filter((reach) => reach.proto === proto);
      if (reaches.length === 0) return [];
      return [reaches.length === entry.reaches.length ? entry : { ...entry, reaches }];
    });
    const ports = cover(some.flatMap(({ reaches }) => reaches.flatMap((reach) => reach.ports ?? [])));
    return { place, proto, entries: some, ports };
  });
}

/** Which ports of which protocol some flows take, whatever the addresses. */
class Taken {
  /** By protocol. */
  readonly #ports = new Map<string, Uint8Array>();
  readonly #whole = new Set<string>();
  #all = false;

  add(reaches: readonly Reach[]): void {
    for (const { proto, ports } of reaches) {
      if (proto === "") this.#all = true;
      else if (ports === null) this.#whole.add(proto);
      else for (const { low, high } of ports) this.#of(proto).fill(1, low, high + 1);
    }
  }

  meets(reaches: readonly Reach[]): boolean {
    return reaches.some(
      ({ proto, ports }) =>
        this.#all ||
        this.#whole.has(proto) ||
        ports === null ||
        ports.some(({ low, high }) =>
          this.#of(proto)
            .subarray(low, high + 1)
            .includes(1),
        ),
    );
  }

  #of(proto: string): Uint8Array {
    const known = this.#ports.get(proto) ?? new Uint8Array(65_536);
    this.#ports.set(proto, known);
    return known;
  }
}
