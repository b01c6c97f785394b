/** What a row of flows costs a packet, ns, and what may be left of that. Where the numbers are from: `dispatch-tree.ts`. */
import type { Family } from "@flowmgr/flow-model";
import { type Entry, everything, type Region } from "./dispatch-entry.ts";
import { narrows, type Reach } from "./reach.ts";

/** Of one test, ns. */
export const PRICE = { address: 2, proto: 8, port: 18 } as const;

/** `chain`: a jump, its return, and a first look at the flow's rules. `bit`: of an address, told apart by a question. */
const COST = { ...PRICE, chain: 30, bit: 7 } as const;

/** Chains of a question about ports. */
export const MOST_RANGES = 16;

/** What some flows cost a packet that passes them all; beside the whole, those that do not care about a field. */
export class Weight {
  flows = 0;
  row = 0;
  noDst = 0;
  noSrc = 0;
  noPort = 0;

  /**
   * One flow more, or (`times` -1) less, which costs packets of the region what is cheapest of what all its rules ask that
   * they can meet, and the region does not say.
   */
  add(reaches: readonly Reach[], region: Region, times: 1 | -1 = 1): void {
    let dst = true;
    let src = true;
    let proto = true;
    let port = true;
    let met = 0;
    for (const reach of reaches) {
      if (region.proto !== "" && reach.proto !== "" && reach.proto !== region.proto) continue;
      met += 1;
      dst &&= narrows(reach.dst, region.dst);
      src &&= narrows(reach.src, region.src);
      proto &&= reach.proto !== "" && reach.proto !== region.proto;
      port &&= reach.ports !== null;
    }
    let cost: number = proto ? COST.proto + COST.chain / 4 : COST.chain;
    if (port && met === 1) cost = COST.port + COST.address;
    if (dst || src) cost = COST.address * met;
    cost *= times;
    this.flows += times;
    this.row += cost;
    if (!dst) this.noDst += cost;
    if (!src) this.noSrc += cost;
    if (!port) this.noPort += cost;
  }

  /** The flows of both. */
  with(other: Weight): Weight {
    const both = new Weight();
    both.flows = this.flows + other.flows;
    both.row = this.row + other.row;
    both.noDst = this.noDst + other.noDst;
    both.noSrc = this.noSrc + other.noSrc;
    both.noPort = this.noPort + other.noPort;
    return both;
  }
}

/** What no flow costs. */
export const NOTHING = new Weight();

/** Of flows that packets of the region can meet. */
export function weightOf(entries: readonly Entry[], region: Region): Weight {
  const weight = new Weight();
  for (const { reaches } of entries) weight.add(reaches, region);
  return weight;
}

/** What a packet costs that passes the flows in a row of one jump each, as few flows are, ns. */
export function rowCost(entries: readonly Entry[], family: Family): number {
  const region = everything(family);
  return entries.reduce((sum, entry) => sum + Math.min(COST.chain, weightOf([entry], region).row), 0);
}

/** A question as far as its cost tells: `share` is what part of the packets that are sent on an answer takes. */
type Asked = {
  answers: readonly { weight: Weight; share: number }[];
  rest: Weight;
  price: number;
  restShare: number;
};

/** What a packet costs when the question is asked, with all the questions that may follow. */
export function costAfter({ answers, rest, price, restShare }: Asked, cheapRow: number): number {
  const sentOn = answers.reduce((sum, one) => sum + one.share * left(one.weight, cheapRow), 0);
  const asked = price * (restShare * answers.length + ((1 - restShare) * (answers.length + 1)) / 2);
  return asked + (1 - restShare) * (sentOn + COST.chain / 2) + restShare * left(rest, cheapRow);
}

/**
 * What will be left to look at: questions about one field can take away all flows but those that do not care about it.
 * Each bit of telling apart has its price.
 */
function left({ row, noDst, noSrc, noPort }: Weight, cheapRow: number): number {
  if (row <= cheapRow) return row;
  const way = COST.bit * Math.log2(row / cheapRow);
  const byPorts = noPort + (COST.port * MOST_RANGES) / 2;
  return Math.min(row, way + cheapRow + Math.min(noDst, noSrc, byPorts));
}
