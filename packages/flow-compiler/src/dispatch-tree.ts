/**
 * Many flows, of which a packet can meet few: a tree of chains that narrows down which, so that a packet's price does
 * not grow with the number of flows.
 *
 * An inner chain asks one thing of a packet and sends it on for good: `-d 10.16.0.0/12 -g FLOWS-10.16.0.0/12`. What
 * is asked are some bits of the destination or of the source, the protocol, or a range of destination ports. Bits that
 * all flows share are left out (the tree is path-compressed), so that few chains lie on a way. At its end stand some
 * flows, in the order of the config, each behind what its rules share. A flow that packets of several chains can meet
 * stands in each of them, as a jump to its one chain. Packets that no question sends on meet the flows that do not
 * care about it, and may meet those for the last of its destinations, behind the questions, in the same chain.
 *
 * No verdict depends on it: where a packet arrives, all flows that can decide it stand, in their order.
 *
 * What to ask is chosen by what it leaves to be looked at. Costs in ns are measured, the means of both back ends
 * (Linux 6.18, two cores, forwarding at 10 000 flows): an address 2, a protocol 8, a port 18, an interface 16, a jump
 * and its return 15. A row of jumps that costs less than a question is left as it is. How many bits of an address are
 * asked for at once is told in `dispatch-address.ts`.
 */
import type { Family } from "@flowmgr/flow-model";
import { weightOf } from "./dispatch-cost.ts";
import {
  changeOf,
  type Entry,
  everything,
  type Guarded,
  jumps,
  printRange,
  type Region,
  rowOf,
  sameEntries,
} from "./dispatch-entry.ts";
import { type Gathered, gatherPorts } from "./dispatch-ports.ts";
import { bestQuestion, type Findings, findingsOf, type TreeLimits } from "./dispatch-questions.ts";
import { stretchesOf } from "./dispatch-rows.ts";
import type { Chain, ChainRule } from "./program.ts";
import { prefixWords, sameReaches } from "./reach.ts";
import { join } from "./words.ts";

/**
 * Questions on a packet's way through the tree of the first main chain. nft takes 15 chains below PREROUTING, and counts
 * those left by goto: the main chain, a flow's own and three below it leave ten. Each class of packets takes one more.
 */
const MOST_QUESTIONS = 10;

/** Those behind the jump to flows that are gathered by their ports; the jump itself is one level more. */
const PORT_QUESTIONS = 2;

/**
 * Flows for each chain of a question about protocol or ports. nft takes long for many chains, and few flows pay for
 * none. Gathered flows have their chains once, not on each way.
 */
const FLOWS_FOR_A_CHAIN = { onEachWay: 64, gathered: 6 };

/** Jumps to one flow at most, on average, and in all: beyond, flows are looked at one by one instead. */
const MOST_COPIES = 8;
const MOST_JUMPS = 120_000;

/** A row that costs so many times what a cheap one does is cut into stretches. */
const LONG_ROW = 8;

/** Of fewer flows it costs less to look at all of them than to keep what was found. */
const MANY = 100;

/** A chain of the tree, and what it is the top of. */
type Branch = { chain: Chain; part: Part };

/** The rules for some packets, and the chains that these lead to. What it was made from tells whether it still holds. */
type Part = {
  entries: readonly Entry[];
  questions: number;
  growth: number;
  /** Of many flows. */
  findings: Findings | null;
  rules: ChainRule[];
  below: Branch[];
  /** What packets meet in the same chain, when no answer took them. */
  rest: Part | null;
};

/** The tree of a main chain: its rules, and the chains below. */
export type Tree = {
  /** In the order in which packets meet them. */
  entries: readonly Entry[];
  cheapRow: number;
  /** Gathered flows as one entry: the jump to a tree of their own. */
  gathered: { entry: Entry; branch: Branch }[];
  part: Part;
};

/** The rules that stand in the main chain itself, and the chains of the tree. */
export function chainsOf({ gathered, part }: Tree): { rules: ChainRule[]; below: Chain[] } {
  const below: Chain[] = [];
  const walk = (branches: readonly Branch[], rest: Part | null) => {
    for (const branch of branches) {
      below.push(branch.chain);
      walk(branch.part.below, branch.part.rest);
    }
    if (rest) walk(rest.below, rest.rest);
  };
  walk(part.below, part.rest);
  walk(
    gathered.map(({ branch }) => branch),
    null,
  );
  return { rules: part.rules, below };
}

/**
 * The rules that lead packets of a main chain to the flows that they can meet, and the chains below. `nameFor` gives
 * the name of the chain of the packets that are described so: `10.16.0.0/12-tcp`. A row that costs no more than
 * `cheapRow` ns stays one; `above` are main chains that lie before this one. What a tree of before has alike is taken from it, and only that.
 */
export function treeOf(
  entries: readonly Entry[],
  family: Family,
  nameFor: (label: string) => string,
  { cheapRow, above }: { cheapRow: number; above: number },
  last?: Tree,
): Tree {
  const before = last?.cheapRow === cheapRow ? last : undefined;
  if (before && sameEntries(before.entries, entries)) return before;
  const limits = { family, cheapRow, flowsForAChain: FLOWS_FOR_A_CHAIN.onEachWay };
  const grower = new Grower(limits, nameFor);
  const ends = gatherPorts(entries);
  const gathered: Tree["gathered"] = [];
  const all = [...ends.before.map(asOne), ...ends.others, ...ends.behind.map(asOne), ...ends.last];
  const questions = MOST_QUESTIONS - above - (gathered.length > 0 ? 1 + PORT_QUESTIONS : 0);
  const growth = steps(Math.min(MOST_COPIES, MOST_JUMPS / all.length));
  const part = grower.grow({ entries: all, questions, growth }, everything(family), before?.part);
  return { entries, cheapRow, gathered, part };

  function asOne({ place, proto, entries: some, ports }: Gathered): Entry {
    const label = `${place}-${proto.slice(3)}`;
    const name = nameFor(label);
    const own = new Grower({ ...limits, flowsForAChain: FLOWS_FOR_A_CHAIN.gathered }, (inside) =>
      nameFor(`${label}${inside.slice(proto.length - 3)}`),
    );
    const old = before?.gathered.find(({ entry }) => entry.chain === name);
    const asked = { entries: some, questions: PORT_QUESTIONS, growth: steps(MOST_COPIES) };
    const branch = own.branch(name, asked, { ...everything(family), proto }, old?.branch);
    const reaches = [{ dst: null, src: null, proto, iface: "", ports }];
    const entry =
      old && sameReaches(old.entry.reaches, reaches) ? old.entry : { chain: name, reaches, ignores: false };
    gathered.push({ entry, branch });
    return entry;
  }
}

type Asked = Pick<Part, "entries" | "questions" | "growth">;

/** Makes the parts of a tree. */
class Grower {
  readonly #limits: TreeLimits;
  readonly #nameFor: (label: string) => string;

  constructor(limits: TreeLimits, nameFor: (label: string) => string) {
    this.#limits = limits;
    this.#nameFor = nameFor;
  }

  /** `before`: what stood at the same place, for packets of the same region. */
  grow(asked: Asked, region: Region, before: Part | undefined): Part {
    const { entries, questions, growth } = asked;
    const change = before && changeOf(before.entries, entries);
    const isSame = change && change.gone.length + change.come.length === 0;
    if (isSame && before.questions === questions && before.growth === growth) return before;
    if (questions === 0) return { ...this.#row(asked, region, before), findings: null };
    const { family } = this.#limits;
    const jumps = entries.length * growth;
    const room = { questions, jumps };
    const known = before?.findings && change ? { findings: before.findings, change } : null;
    const findings = findingsOf(entries, region, room, this.#limits, known);
    const question = bestQuestion(entries, region, room, this.#limits, findings);
    const kept = entries.length < MANY ? null : findings;
    if (!question) return { ...this.#row(asked, region, before), findings: kept };
    const { answers, rest: left } = question.parted();
    const inAll = answers.reduce((sum, { entries: some }) => sum + some.length, left.length);
    const growthBelow = steps(jumps / inAll);
    const old = new Map(before?.below.map((branch) => [branch.chain.name, branch]));
    const below = answers.map((answer): Branch => {
      const name = this.#nameFor(labelOf(answer.region, family));
      const below = { entries: answer.entries, questions: questions - 1, growth: growthBelow };
      return this.branch(name, below, answer.region, old.get(name));
    });
    // What the rest is asked stands in this same chain, so its answers lie no deeper than those above.
    const others = { entries: left, questions, growth: growthBelow };
    const rest = this.grow(others, region, before?.rest ?? undefined);
    const leading = answers.map(({ words }, at) => ({ words: join(words, `-g ${below[at]?.chain.name}`) }));
    return { ...asked, findings: kept, rules: [...leading, ...rest.rules], below, rest };
  }

  /** The flows one after the other; many in stretches, where a level more may lie below. */
  #row(asked: Asked, region: Region, before: Part | undefined): Omit<Part, "findings"> {
    const { entries, questions, growth } = asked;
    const { family, cheapRow } = this.#limits;
    const below: Branch[] = [];
    const old = new Map(before?.below.map((branch) => [branch.chain.name, branch]));
    const long = questions > 0 && weightOf(entries, region).row > LONG_ROW * cheapRow;
    const places = long ? stretchesOf(entries, region, family) : entries;
    const row = places.flatMap((place): (Guarded | ChainRule)[] => {
      if ("chain" in place) return jumps(place, region, family);
      const name = this.#nameFor(`${labelOf(region, family)}-${place.entries[0]?.chain}`);
      below.push(this.branch(name, { entries: place.entries, questions: 0, growth }, region, old.get(name)));
      return place.guards.map((words) => ({ words: join(words, `-j ${name}`) }));
    });
    return { ...asked, rules: rowOf(row, family), below, rest: null };
  }

  branch(name: string, asked: Asked, region: Region, before: Branch | undefined): Branch {
    const part = this.grow(asked, region, before?.part);
    return part === before?.part ? before : { chain: { name, rules: part.rules }, part };
  }
}

/** Rounded down by 9 % at most, so that an edit elsewhere seldom changes how much a part of the tree may grow. */
function steps(growth: number): number {
  return 2 ** (Math.floor(Math.log2(growth) * 8) / 8);
}

/** What a chain's name says of the packets in it. */
function labelOf({ dst, src, proto, ports }: Region, family: Family): string {
  const source = prefixWords("-s", src, family).slice(3);
  const parts = [
    prefixWords("-d", dst, family).slice(3),
    source === "" ? "" : `from-${source}`,
    proto.slice(3),
    ports ? printRange(ports) : "",
  ];
  return parts.filter((part) => part !== "").join("-");
}
