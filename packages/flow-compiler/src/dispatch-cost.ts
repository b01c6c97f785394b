/** What a row of flows costs a packet, and which question about it costs least. */
import { type Entry, onlyPorts, type Region } from "./dispatch-entry.ts";
import {
  byAddress,
  byPort,
  byProtocol,
  MOST_RANGES,
  PRICE,
  type Question,
  type Room,
  type TreeLimits,
} from "./dispatch-questions.ts";
import { narrows, type Reach } from "./reach.ts";

/**
 * Costs, ns; see `dispatch-tree.ts`. `chain`: a jump, its return, and a first look at the flow's rules. `bit`: of an
 * address, told apart by a question. `growth`: what a jump more for each flow has to save, for the kernel's memory and
 * the apply.
 */
const COST = { ...PRICE, chain: 30, bit: 7, growth: 8 } as const;

/** What a question has to leave of what would be looked at without it. */
const WORTH_IT = 0.8;

/** The question after which least is left to look at, when that is worth being asked and there is room for it. */
export function bestQuestion(
  entries: readonly Entry[],
  region: Region,
  room: Room,
  limits: TreeLimits,
): Question | null {
  const { cheapRow } = limits;
  const now = rowCost(entries, region);
  if (now <= cheapRow) return null;
  let best: Question | null = null;
  let least = WORTH_IT * now;
  const questions = [
    () => byAddress("dst", entries, region, room, limits),
    () => byAddress("src", entries, region, room, limits),
    () => byPort(entries, region, limits),
    // By itself it tells few flows apart; it is what a question about ports needs.
    () => (best === null ? byProtocol(entries, region, limits) : null),
  ];
  for (const make of questions) {
    const question = make();
    if (!question) continue;
    const inAll = question.answers.reduce(
      (sum, { entries: some }) => sum + some.length,
      question.rest.length,
    );
    if (inAll > room.jumps) continue;
    const growth = inAll / entries.length - 1;
    const cost = costAfter(question, region, cheapRow) + growth * COST.growth;
    if (cost >= least) continue;
    best = question;
    least = cost;
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
 * Each bit of telling apart has its price.
 */
function left(entries: readonly Entry[], region: Region, cheapRow: number): number {
  let row = 0;
  let noDst = 0;
  let noSrc = 0;
  let noPort = 0;
  for (const { reaches } of entries) {
    const cost = guardCost(reaches, region);
    row += cost;
    let dst = true;
    let src = true;
    let port = true;
    for (const reach of reaches) {
      dst &&= narrows(reach.dst, region.dst);
      src &&= narrows(reach.src, region.src);
      port &&= reach.ports !== null;
    }
    if (!dst) noDst += cost;
    if (!src) noSrc += cost;
    if (!port) noPort += cost;
  }
  if (row <= cheapRow) return row;
  const way = COST.bit * Math.log2(row / cheapRow);
  const byPorts = noPort + (COST.port * MOST_RANGES) / 2;
  return Math.min(row, way + cheapRow + Math.min(noDst, noSrc, byPorts));
}

/** What a packet costs that passes them all, ns. */
export function rowCost(entries: readonly Entry[], region: Region): number {
  let cost = 0;
  for (const { reaches } of entries) cost += guardCost(reaches, region);
  return cost;
}

/** Of the cheapest thing that all reaches ask and the region does not say. */
function guardCost(reaches: readonly Reach[], region: Region): number {
  let dst = true;
  let src = true;
  let proto = true;
  for (const reach of reaches) {
    dst &&= narrows(reach.dst, region.dst);
    src &&= narrows(reach.src, region.src);
    proto &&= reach.proto !== "" && reach.proto !== region.proto;
  }
  if (dst || src) return COST.address * reaches.length;
  if (onlyPorts(reaches)) return COST.port + COST.address;
  return proto ? COST.proto + COST.chain / 4 : COST.chain;
}
