/** What becomes of a set of packets: who decides which part of it, over all of them. */
import {
  type Conditions,
  type Config,
  EMPTY_CONFIG,
  expandLists,
  type Family,
  type Flow,
  flowsOf,
  type Rule,
} from "@flowmgr/flow-model";
import type { Deciders } from "./differences.ts";
import { type AnalysisOptions, FAMILIES } from "./options.ts";
import { decisionsOf } from "./space/asked.ts";
import { type Box, boxesOf, meetings } from "./space/boxes.ts";
import type { Judged, Space } from "./space/decisions.ts";
import { describeSet, type PacketRegion, sharesOf } from "./space/described.ts";
import { spaceAround } from "./space/narrow.ts";
import { NONE, type Node, within } from "./space/node-store.ts";
import { reaching } from "./space/rule-proof.ts";
import { type Direction, nameOf } from "./space/rules.ts";
import { UNDECIDED, type Verdict, verdictOf } from "./walk.ts";

/** Packets that one rule decides, or none does. */
export type SearchGroup = {
  decider: Deciders;
  direction: Direction;
  /** At most `most` for each family, the wide ones first. They may overlap. */
  regions: PacketRegion[];
  /** Do the regions hold all packets of this group? */
  whole: boolean;
  /** What part of all packets lies in it, 0 to 1 for each family; to compare groups with each other. */
  share: number;
};

export type Search = {
  /** `partial`: there may be more; what is told is true all the same. */
  status: "complete" | "partial";
  /** The ones with the most packets first, at most MOST_GROUPS. */
  groups: SearchGroup[];
  /** How many there are; of a partial answer how many were found. */
  total: number;
};

export type Asked = {
  direction: Direction;
  /** As a rule has them, lists of the config included; what is spared is meant only where they name it. */
  conditions: Conditions;
  /** Only what gets this verdict; a director or a table without its name is any. */
  verdict?: Verdict;
};

export type SearchOptions = AnalysisOptions & {
  /** Regions of a group, for each family. Default 20. */
  most?: number;
  /** Edges of a diagram of all packets; with more, rules are looked at one by one. */
  edges?: number;
};

/** Most groups that are described. */
export const MOST_GROUPS = 100;
const MOST_REGIONS = 20;
/** Edges of one diagram of all that is asked about: some 300 ms. */
const EDGES_AT_ONCE = 1_000_000;
/** Edges for one rule, where that was too much. */
const EDGES_FOR_ONE = 1_000_000;

/** Who decides the packets of a set, in a config that `check` finds no error in. */
export function searchPackets(config: Config, asked: Asked, options: SearchOptions = {}): Search {
  const conditions = withoutLists(config, asked.conditions);
  const families = (options.families ?? FAMILIES).map((family) => {
    const inFamily = { ...asked, conditions };
    return within(() => searchFamily(config, family, inFamily, options)) ?? { parts: [], complete: false };
  });
  const byDecider = new Map<string, Part[]>();
  for (const part of families.flatMap(({ parts }) => parts)) {
    byDecider.set(part.key, [...(byDecider.get(part.key) ?? []), part]);
  }
  const shareOf = (parts: readonly Part[]) => parts.reduce((sum, { share }) => sum + share, 0);
  const inOrder = [...byDecider.values()].sort((a, b) => shareOf(b) - shareOf(a)).slice(0, MOST_GROUPS);
  const groups = inOrder.flatMap((parts): SearchGroup[] => {
    const described = parts.map(({ describe }) => within(describe));
    const told = described.filter((one) => one !== null);
    const [first] = parts;
    if (!first || told.length === 0) return [];
    return [
      {
        decider: first.decider,
        direction: asked.direction,
        regions: told.flatMap(({ regions }) => regions),
        whole: told.length === parts.length && told.every(({ whole }) => whole),
        share: shareOf(parts),
      },
    ];
  });
  const complete = families.every((family) => family.complete) && groups.length === inOrder.length;
  return { status: complete ? "complete" : "partial", groups, total: byDecider.size };
}

/** The packets of one family that one rule decides. */
type Part = {
  /** The same in both families. */
  key: string;
  decider: Deciders;
  share: number;
  describe(): { regions: PacketRegion[]; whole: boolean };
};

type Found = { parts: Part[]; complete: boolean };

/** Throws TooLarge when asked to stop before anything is known. */
function searchFamily(config: Config, family: Family, asked: Asked, options: SearchOptions): Found {
  const space = spaceAround([config], asked.direction, family, options, [asked.conditions]);
  const [judged] = space.judged;
  if (!judged) return { parts: [], complete: true };
  const found = within(() => searchAtOnce(space, judged, asked, options));
  if (found) return found;
  space.step();
  return searchByRule(space, judged, asked, options);
}

/** All packets in one diagram. Throws TooLarge. */
function searchAtOnce(space: Space, judged: Judged, asked: Asked, options: SearchOptions): Found {
  space.renew(options.edges ?? EDGES_AT_ONCE);
  const { diagram } = space;
  const { decisions } = decisionsOf(space, judged, asked.conditions);
  const shares = sharesOf(space, decisions);
  let complete = true;
  const parts = [...shares].flatMap(([number, share]): Part[] => {
    const decider = deciderAt(judged, number - judged.base, options);
    const wanted = isWanted(asked, decider);
    if (wanted === null) complete = false;
    if (!wanted) return [];
    const describe = () => {
      // A rule decides nothing outside of its boxes, which are a small part of all that is asked about.
      const boxes = judged.rules[number - judged.base]?.boxes;
      const own = boxes && diagram.overrideAll(boxes.map((box) => space.boxNode(box)));
      const around = own === undefined ? decisions : diagram.restrict(decisions, own);
      const set = diagram.map(around, (other) => (other === number ? 1 : 0));
      return describeSet(space, set, options.most ?? MOST_REGIONS);
    };
    return [{ key: keyOf(decider), decider, share, describe }];
  });
  return { parts, complete };
}

/** Rule by rule, those that ask for most first: as far as it comes. */
function searchByRule(space: Space, judged: Judged, asked: Asked, options: SearchOptions): Found {
  const wanted = boxesOf({ conditions: asked.conditions }, space.world, space.meaning);
  let complete = true;
  const candidates = [...judged.rules.keys(), judged.rules.length].flatMap((place) => {
    const decider = deciderAt(judged, place, options);
    const rule = judged.rules[place];
    if (rule?.ignores) return [];
    const isSought = isWanted(asked, decider);
    if (isSought === null) complete = false;
    if (!isSought) return [];
    const boxes = rule ? meetings(rule.boxes, wanted) : wanted;
    const most = boxes.reduce((sum, box) => sum + shareOfBox(space, box), 0);
    return boxes.length === 0 ? [] : [{ place, decider, boxes, most }];
  });
  candidates.sort((a, b) => b.most - a.most);
  const parts: Part[] = [];
  for (const { place, decider, boxes } of candidates) {
    if (parts.length === MOST_GROUPS) return { parts, complete: false };
    const found = within(() => {
      space.renew(EDGES_FOR_ONE);
      const sets = boxes.map((box) => comingTo(space, judged, place, box));
      const set = space.diagram.overrideAll(sets);
      return set === NONE ? [] : [describeSet(space, set, options.most ?? MOST_REGIONS)];
    });
    if (!found) complete = false;
    for (const { share, ...described } of found ?? []) {
      parts.push({ key: keyOf(decider), decider, share, describe: () => described });
    }
  }
  return { parts, complete };
}

/** The packets of a box that come to a rule; behind the last one those that come to the end. Throws TooLarge. */
function comingTo(space: Space, judged: Judged, place: number, box: Box): Node {
  if (place < judged.rules.length) return reaching(space, judged, place, box);
  return space.diagram.minus(space.boxNode(box), space.decided(judged, { box, set: null }));
}

/** What part of all packets lies in a box, 0 to 1. */
function shareOfBox(space: Space, box: Box): number {
  return box.reduce((share, intervals, level) => {
    if (!intervals) return share;
    let sum = 0;
    for (let at = 0; at < intervals.length; at += 2) {
      sum += space.weight(level, intervals[at] ?? 0, intervals[at + 1] ?? 0);
    }
    return share * sum;
  }, 1);
}

const keyOf = ({ by: [name] }: Deciders) => JSON.stringify(name ?? null);

/** The rule at a place, alone; nobody behind the last one. */
function deciderAt({ rules }: Judged, place: number, options: AnalysisOptions): Deciders {
  const rule = rules[place];
  if (!rule) return { verdict: UNDECIDED.verdict, by: [], others: 0 };
  return { verdict: verdictOf(rule.flow, options), by: [nameOf(rule)], others: 0 };
}

/** Null where it may be the table that is asked for: nobody knows its number. */
function isWanted({ verdict: asked }: Asked, { verdict }: Deciders): boolean | null {
  if (!asked) return true;
  if (asked.action !== verdict.action) return false;
  if (asked.director !== undefined && asked.director !== verdict.director) return false;
  if (asked.table === undefined || asked.table === verdict.table) return true;
  return verdict.table === undefined ? null : false;
}

/** The conditions with what the lists hold that they name. */
function withoutLists(config: Config, conditions: Conditions): Conditions {
  const lists = config.items.filter((item) => item.kind === "list");
  const rule: Rule = { verb: "match", off: false, comment: [], note: "", conditions };
  const flow: Flow = {
    kind: "flow",
    name: "asked",
    policy: null,
    skipped: true,
    rules: [rule],
    comment: [],
    note: "",
  };
  const [expanded] = flowsOf(expandLists({ ...EMPTY_CONFIG, items: [...lists, flow] }));
  return expanded?.rules[0]?.conditions ?? conditions;
}
