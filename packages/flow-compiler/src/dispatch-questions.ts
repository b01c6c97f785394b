/** What the tree of the dispatch can ask of a packet, and which flows each answer leaves (see `dispatch-tree.ts`). */
import type { Family } from "@flowmgr/flow-model";
import { byAddress, type Survey, surveyAfter, surveyOf } from "./dispatch-address.ts";
import { costAfter, MOST_RANGES, NOTHING, PRICE, Weight, weightOf } from "./dispatch-cost.ts";
import { type Change, type Entry, part, portWords, type Region } from "./dispatch-entry.ts";
import type { PortRange, Reach } from "./reach.ts";

/**
 * A question, as far as is needed to choose it. `price`: of being asked once, ns; `share`: what part of the packets that
 * are sent on an answer takes; `restShare`: what part of all is not.
 */
export type Question = {
  answers: { weight: Weight; share: number }[];
  rest: Weight;
  price: number;
  restShare: number;
  /** The flows that the packets of each answer can meet, in the order of the answers. */
  parted(): Parted;
};

/** Flows told apart by a question: those behind each answer, and those that all others may still meet. */
export type Parted = { answers: Answer[]; rest: Entry[] };
type Answer = { words: string; region: Region; entries: Entry[] };

/** What a question may take: levels that are left on the way, its own among them, and jumps, all together. */
export type Room = { questions: number; jumps: number };

/** What holds for a whole tree. */
export type TreeLimits = {
  family: Family;
  /** What a row may cost, ns. */
  cheapRow: number;
  /** Flows for each chain of a question about protocol or ports. */
  flowsForAChain: number;
};

/** What a question has to leave of what would be looked at without it. */
const WORTH_IT = 0.8;

/** What a jump more for each flow has to save, ns, for the kernel's memory and the apply. */
const GROWTH = 8;

/** What a part of the tree is chosen by: what its flows cost in a row, and what telling them apart by addresses comes to. */
export type Findings = { weight: Weight; dst: Survey | null; src: Survey | null };

/** An edit that changes more is looked at as if nothing were known. */
const MOST_CHANGED = 64;

/** What is found of the flows. Where something was found before the change, only those are looked at that it names, if these tell. */
export function findingsOf(
  entries: readonly Entry[],
  region: Region,
  room: Room,
  limits: TreeLimits,
  before: { findings: Findings; change: Change } | null,
): Findings {
  const { gone, come } = before?.change ?? { gone: [], come: [] };
  const known = gone.length + come.length <= MOST_CHANGED ? before : null;
  const weight = known ? known.findings.weight.with(NOTHING) : weightOf(entries, region);
  if (known) {
    for (const { reaches } of gone) weight.add(reaches, region, -1);
    for (const { reaches } of come) weight.add(reaches, region);
  }
  const survey = (field: "dst" | "src") => {
    const found = known?.findings[field];
    const after = found && surveyAfter(found, { gone, come }, room, limits);
    return after ?? surveyOf(field, entries, region, room, limits);
  };
  return weight.row <= limits.cheapRow
    ? { weight, dst: null, src: null }
    : { weight, dst: survey("dst"), src: survey("src") };
}

/** The question after which least is left to look at, when that is worth being asked and there is room for it. */
export function bestQuestion(
  entries: readonly Entry[],
  region: Region,
  room: Room,
  limits: TreeLimits,
  { weight, dst, src }: Findings,
): Question | null {
  const { cheapRow, family } = limits;
  if (weight.row <= cheapRow) return null;
  let best: Question | null = null;
  let least = WORTH_IT * weight.row;
  const questions = [
    () => dst && byAddress(dst, entries, room, family),
    () => src && byAddress(src, entries, room, family),
    () => byPort(entries, region, limits),
    // By itself it tells few flows apart; it is what a question about ports needs.
    () => (best === null ? byProtocol(entries, region, limits) : null),
  ];
  for (const make of questions) {
    const question = make();
    if (!question) continue;
    const inAll = question.answers.reduce((sum, { weight: one }) => sum + one.flows, question.rest.flows);
    if (inAll > room.jumps) continue;
    const growth = inAll / entries.length - 1;
    const cost = costAfter(question, cheapRow) + growth * GROWTH;
    if (cost >= least) continue;
    best = question;
    least = cost;
  }
  return best;
}

/** The protocols that flows name. */
export function byProtocol(
  entries: readonly Entry[],
  region: Region,
  { flowsForAChain }: TreeLimits,
): Question | null {
  if (region.proto !== "") return null;
  const named = new Map<string, { region: Region; weight: Weight }>();
  for (const { reaches } of entries) {
    for (const { proto } of reaches) {
      if (proto !== "" && !named.has(proto)) {
        named.set(proto, { region: { ...region, proto }, weight: new Weight() });
      }
    }
  }
  if (named.size === 0 || entries.length < flowsForAChain * named.size) return null;
  const rest = new Weight();
  for (const entry of entries) {
    const left = part(entry, takesAny);
    if (left) rest.add(left.reaches, region);
    // Who takes any protocol is there for each.
    const protos = left ? named.keys() : new Set(entry.reaches.map(({ proto }) => proto));
    for (const proto of protos) {
      const one = named.get(proto);
      one?.weight.add(entry.reaches, one.region);
    }
  }
  const inAll = [...named.values()].reduce((sum, { weight }) => sum + weight.flows, 0);
  return {
    answers: [...named.values()].map(({ weight }) => ({ weight, share: weight.flows / inAll })),
    rest,
    price: PRICE.proto,
    restShare: 1 / (named.size + 1),
    parted: () => ({
      answers: [...named].map(([proto, one]) => ({
        words: proto,
        region: one.region,
        entries: keep(entries, (reach) => reach.proto === "" || reach.proto === proto),
      })),
      rest: keep(entries, takesAny),
    }),
  };
}

const takesAny = ({ proto }: Reach) => proto === "";

const WITH_PORTS = ["-p tcp", "-p udp", "-p sctp"];

/** Ranges of destination ports that part the flows evenly; asked only where the protocol is known. */
export function byPort(
  entries: readonly Entry[],
  region: Region,
  { flowsForAChain }: TreeLimits,
): Question | null {
  const { proto, ports } = region;
  const most = Math.min(MOST_RANGES, entries.length / flowsForAChain);
  if (!WITH_PORTS.includes(proto) || most < 2) return null;
  const whole = ports ?? { low: 0, high: 65_535 };
  /** How many flows care, by where their ranges begin. */
  const starts = new Map<number, number>();
  const count = (port: number, by: number) => starts.set(port, (starts.get(port) ?? 0) + by);
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      for (const { low, high } of reach.ports ?? []) {
        if (low > whole.low && low <= whole.high) count(low, 1);
        if (high >= whole.low && high < whole.high) count(high + 1, 0);
      }
    }
  }
  if (starts.size === 0) return null;
  const answers = evenParts(starts, whole, most).flatMap((range): Answer[] => {
    const takes = (one: PortRange) => one.low <= range.high && range.low <= one.high;
    const some = keep(entries, (reach) => reach.ports?.some(takes) ?? true);
    if (some.length === 0) return [];
    return [{ words: portWords(proto, [range]), region: { ...region, ports: range }, entries: some }];
  });
  const total = answers.reduce((sum, { entries: some }) => sum + some.length, 0);
  return {
    // Packets go where flows are.
    answers: answers.map((one) => ({
      weight: weightOf(one.entries, one.region),
      share: one.entries.length / total,
    })),
    rest: NOTHING,
    price: PRICE.port,
    restShare: 0,
    parted: () => ({ answers, rest: [] }),
  };
}

/** The range cut at some of the starts, so that no part has much more than its share of what begins there. */
function evenParts(starts: ReadonlyMap<number, number>, whole: PortRange, parts: number): PortRange[] {
  const edges = [...starts].sort(([a], [b]) => a - b);
  const most = edges.reduce((sum, [, weight]) => sum + weight, 0) / parts;
  const lows = [whole.low];
  let weight = 0;
  for (const [edge, more] of edges) {
    if (weight + more > most) {
      lows.push(edge);
      weight = 0;
    }
    weight += more;
  }
  return lows.map((low, at) => ({ low, high: (lows[at + 1] ?? whole.high + 1) - 1 }));
}

/** The entries with the reaches that pass, in their order, without those that keep none. */
function keep(entries: readonly Entry[], passes: (reach: Reach) => boolean): Entry[] {
  return entries.flatMap((entry) => part(entry, passes) ?? []);
}
