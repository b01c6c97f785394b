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
import type { AnalysisOptions } from "./options.ts";
import { decisionsOf } from "./space/asked.ts";
import type { Judged } from "./space/decisions.ts";
import { describeSet, type PacketRegion, sharesOf } from "./space/described.ts";
import { spaceAround } from "./space/narrow.ts";
import { within } from "./space/node-store.ts";
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
  /** How many there are. */
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
};

/** Most groups that are described. */
export const MOST_GROUPS = 100;
const MOST_REGIONS = 20;
/** Edges for one family: some seconds. */
const MOST_EDGES = 8_000_000;

/** Who decides the packets of a set, in a config that `check` finds no error in. */
export function searchPackets(config: Config, asked: Asked, options: SearchOptions = {}): Search {
  const conditions = withoutLists(config, asked.conditions);
  const found = ([4, 6] as const).map((family) =>
    within(() => searchFamily(config, family, { ...asked, conditions }, options)),
  );
  const byDecider = new Map<string, Part[]>();
  for (const part of found.flatMap((parts) => parts ?? [])) {
    byDecider.set(part.key, [...(byDecider.get(part.key) ?? []), part]);
  }
  const shareOf = (parts: readonly Part[]) => parts.reduce((sum, { share }) => sum + share, 0);
  const inOrder = [...byDecider.values()].sort((a, b) => shareOf(b) - shareOf(a));
  const groups = inOrder.slice(0, MOST_GROUPS).flatMap((parts) => {
    const described = parts.map(({ describe }) => within(describe));
    const [first] = parts;
    const told = described.filter((one) => one !== null);
    if (!first || told.length === 0) return [];
    return {
      decider: first.decider,
      direction: asked.direction,
      regions: told.flatMap(({ regions }) => regions),
      whole: told.length === parts.length && told.every(({ whole }) => whole),
      share: shareOf(parts),
    };
  });
  const isComplete =
    found.every((parts) => parts !== null) && groups.length === Math.min(inOrder.length, MOST_GROUPS);
  return { status: isComplete ? "complete" : "partial", groups, total: byDecider.size };
}

/** The packets of one family that one rule decides. */
type Part = {
  /** The same in both families. */
  key: string;
  decider: Deciders;
  share: number;
  describe(): { regions: PacketRegion[]; whole: boolean };
};

/** Throws TooLarge. */
function searchFamily(config: Config, family: Family, asked: Asked, options: SearchOptions): Part[] {
  const space = spaceAround([config], asked.direction, family, options, [asked.conditions]);
  const [judged] = space.judged;
  if (!judged) return [];
  space.renew(MOST_EDGES);
  const { diagram } = space;
  const { decisions } = decisionsOf(space, judged, asked.conditions);
  const shares = sharesOf(space, decisions);
  // What was found is told, however large it was.
  diagram.widen();
  return [...shares].flatMap(([number, share]) => {
    const decider = deciderAt(judged, number - judged.base, options);
    if (asked.verdict && !isSame(asked.verdict, decider.verdict)) return [];
    const describe = () => {
      const set = diagram.map(decisions, (other) => (other === number ? 1 : 0));
      return describeSet(space, set, options.most ?? MOST_REGIONS);
    };
    const [name] = decider.by;
    return [{ key: JSON.stringify(name ?? null), decider, share, describe }];
  });
}

/** The rule at a place, alone; nobody behind the last one. */
function deciderAt({ rules }: Judged, place: number, options: AnalysisOptions): Deciders {
  const rule = rules[place];
  if (!rule) return { verdict: UNDECIDED.verdict, by: [], others: 0 };
  return { verdict: verdictOf(rule.flow, options), by: [nameOf(rule)], others: 0 };
}

function isSame(asked: Verdict, { action, director, table }: Verdict): boolean {
  if (asked.action !== action) return false;
  if (asked.director !== undefined && asked.director !== director) return false;
  return asked.table === undefined || asked.table === table;
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
