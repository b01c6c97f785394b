/**
 * Many flows, of which a packet can meet few: a tree of chains that narrows down which, so that a packet's price does
 * not grow with the number of flows.
 *
 * An inner chain asks one thing of a packet and sends it on for good: `-d 10.16.0.0/12 -g FLOWS-10.16.0.0/12`. What
 * is asked are four bits of the destination or of the source, the protocol, or a range of destination ports. Digits
 * that all flows share are left out (the tree is path-compressed), so that few chains lie on a way. At its end stand
 * some flows, in the order of the config, each behind what its rules share. A flow that packets of several chains can
 * meet stands in each of them, as a jump to its one chain. Packets that no question sends on meet the flows that do
 * not care about it, behind the questions, in the same chain.
 *
 * No verdict depends on it: where a packet arrives, all flows that can decide it stand, in their order.
 *
 * What to ask is chosen by what it leaves to be looked at. Costs in ns are measured, the means of both back ends
 * (Linux 6.18, two cores, forwarding at 10 000 flows): an address 2, a protocol 8, a port 18, an interface 16, a jump
 * and its return 15. A row of jumps that costs less than a question is left as it is.
 */
import { BITS, type Family } from "@flowmgr/flow-model";
import { type Entry, jumps, onePort, printRange, type Region } from "./dispatch-entry.ts";
import { byAddress, byPort, byProtocol, MOST_RANGES, PRICE, type Question } from "./dispatch-questions.ts";
import type { ChainRule } from "./program.ts";
import { narrows, prefixWords, type Reach } from "./reach.ts";
import { join } from "./words.ts";

/**
 * Costs, ns; see above. `chain`: a jump, its return, and a first look at the flow's rules. `question`: half of sixteen
 * addresses and a goto. `growth`: what a jump more for each flow has to save, for the kernel's memory and the apply.
 */
const COST = { ...PRICE, chain: 30, question: 27, growth: 8 } as const;

/**
 * Questions on a packet's way. nft takes 15 chains below PREROUTING, and counts those left by goto: the main chain,
 * two of classes, a flow's own and three below it leave eight.
 */
const MOST_QUESTIONS = 8;

/** Jumps to one flow at most, on average, and in all: beyond, flows are looked at one by one instead. */
const MOST_COPIES = 8;
const MOST_JUMPS = 120_000;

/** What a question has to leave of what would be looked at without it. */
const WORTH_IT = 0.8;

export type Tree = { rules: ChainRule[]; below: { name: string; rules: ChainRule[] }[] };

/**
 * The rules that lead packets of a main chain to the flows that they can meet, and the chains below. `nameFor` gives
 * the name of the chain of the packets that are described so: `10.16.0.0/12-tcp`. A row that costs no more than
 * `cheapRow` ns stays one.
 */
export function treeOf(
  entries: readonly Entry[],
  family: Family,
  nameFor: (label: string) => string,
  cheapRow: number,
): Tree {
  const below: Tree["below"] = [];
  const room = Math.min(MOST_JUMPS, MOST_COPIES * entries.length);
  const rules = build(entries, everything(family), MOST_QUESTIONS, room);
  return { rules, below };

  function build(here: readonly Entry[], region: Region, questions: number, room: number): ChainRule[] {
    const question = questions > 0 ? bestQuestion(here, region, room, cheapRow, family) : null;
    if (!question) return here.flatMap((entry) => jumps(entry, region, family));
    const { answers, rest } = question;
    const inAll = answers.reduce((sum, { entries: some }) => sum + some.length, rest.length);
    const roomFor = (some: readonly Entry[]) => (room * some.length) / inAll;
    const asked = answers.map(({ words, region: inside, entries: some }): ChainRule => {
      const name = nameFor(labelOf(inside, family));
      const chain: Tree["below"][number] = { name, rules: [] };
      below.push(chain);
      chain.rules = build(some, inside, questions - 1, roomFor(some));
      return { words: join(words, `-g ${name}`) };
    });
    // What the rest is asked stands in this same chain, so its answers lie no deeper than those above.
    return [...asked, ...build(rest, region, questions, roomFor(rest))];
  }
}

function everything(family: Family): Region {
  const every = { hex: "0".repeat(BITS[family] / 4), length: 0 };
  return { dst: every, src: every, proto: "", ports: null };
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

/** The question after which least is left to look at, when that is worth being asked and there is room for it. */
function bestQuestion(
  entries: readonly Entry[],
  region: Region,
  room: number,
  cheapRow: number,
  family: Family,
): Question | null {
  const now = rowCost(entries, region);
  if (now <= cheapRow) return null;
  let best: Question | null = null;
  let least = WORTH_IT * now;
  const questions = [
    () => byAddress("dst", entries, region, room, family),
    () => byAddress("src", entries, region, room, family),
    () => byPort(entries, region),
    // By itself it tells few flows apart; it is what a question about ports needs.
    () => (best === null ? byProtocol(entries, region) : null),
  ];
  for (const make of questions) {
    const question = make();
    if (!question) continue;
    const copies = question.answers.reduce((sum, { entries: some }) => sum + some.length, 0);
    if (copies + question.rest.length > room) continue;
    const cost = costAfter(question, region, cheapRow);
    const growth = copies / entries.length;
    if (cost + growth * COST.growth >= least) continue;
    best = question;
    least = cost + growth * COST.growth;
  }
  return best;
}

/** What a packet costs when the question is asked, with all the questions that may follow. */
function costAfter({ answers, rest, price, restShare }: Question, region: Region, cheapRow: number): number {
  const sentOn = answers.reduce((sum, one) => sum + one.share * left(one.entries, one.region, cheapRow), 0);
  const asked = price * (restShare * answers.length + ((1 - restShare) * (answers.length + 1)) / 2);
  return asked + (1 - restShare) * (sentOn + COST.chain / 2) + restShare * left(rest, region, cheapRow);
}

/**
 * What will be left to look at: questions about one field can take away all flows but those that do not care about it.
 * Each four bits of telling apart cost a question.
 */
function left(entries: readonly Entry[], region: Region, cheapRow: number): number {
  let [row, noDst, noSrc, noPort] = [0, 0, 0, 0];
  for (const { reaches } of entries) {
    const cost = guardCost(reaches, region);
    row += cost;
    if (!reaches.every(({ dst }) => narrows(dst, region.dst))) noDst += cost;
    if (!reaches.every(({ src }) => narrows(src, region.src))) noSrc += cost;
    if (!reaches.every(({ ports }) => ports !== null)) noPort += cost;
  }
  if (row <= cheapRow) return row;
  const way = (COST.question * Math.log2(row / cheapRow)) / 4;
  const byPorts = noPort + (COST.port * MOST_RANGES) / 2;
  return Math.min(row, way + cheapRow + Math.min(noDst, noSrc, byPorts));
}

function rowCost(entries: readonly Entry[], region: Region): number {
  let cost = 0;
  for (const { reaches } of entries) cost += guardCost(reaches, region);
  return cost;
}

/** Of the cheapest thing that all reaches ask and the region does not say. */
function guardCost(reaches: readonly Reach[], { dst, src, proto }: Region): number {
  if (reaches.every((one) => narrows(one.dst, dst))) return COST.address * reaches.length;
  if (reaches.every((one) => narrows(one.src, src))) return COST.address * reaches.length;
  if (onePort(reaches)) return COST.port + COST.address;
  if (reaches.every((one) => one.proto !== "" && one.proto !== proto)) return COST.proto + COST.chain / 4;
  return COST.chain;
}
