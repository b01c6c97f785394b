/**
 * Expectations: does every packet of a set get the verdict that was expected, over all packets. What a set holds is
 * what a rule with these conditions would hold for, so what the language spares is in it only where they name it.
 */
import { type Config, type Expect, expandLists, type Family, type Packet } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "./options.ts";
import { decisionsOf } from "./space/asked.ts";
import { boxesOf, meetings } from "./space/boxes.ts";
import type { Judged, Space } from "./space/decisions.ts";
import { describeSet } from "./space/described.ts";
import { packetOf, valuesOf } from "./space/fields.ts";
import { spaceAround } from "./space/narrow.ts";
import { type Node, within } from "./space/node-store.ts";
import { likelyPoint } from "./space/sample.ts";
import { type Decision, UNDECIDED, verdictOf } from "./walk.ts";

/** What became of one expectation. */
export type ExpectationResult = {
  /** Among the items of the config. */
  index: number;
  /** `open`: neither proven nor refuted within the budget. */
  status: "holds" | "fails" | "open";
  /** A likely packet of the set that gets another verdict; null unless it fails. */
  packet: Packet | null;
  /** Who decides that packet. */
  decision: Decision | null;
};

export type Expectations = {
  /** `partial`: some are open; what is said of the others is proven. */
  status: "complete" | "partial";
  /** In the order of the config. */
  expectations: ExpectationResult[];
};

/** Edges for one expectation in one family: some 300 ms. */
const MOST_EDGES = 1_000_000;

/** Packets that are tried before a proof is: a refutation that is not found by then is rarely found by more. */
const TRIES = 24;

/** Judges the expectations of a config that `check` finds no error in, each by itself; flows that are off decide nothing. */
export function judgeExpectations(config: Config, options: AnalysisOptions = {}): Expectations {
  const expectations = expandLists(config).items.flatMap((item, index): ExpectationResult[] => {
    if (item.kind !== "expect") return [];
    return [{ index, packet: null, decision: null, ...judge(config, item, options) }];
  });
  const isOpen = expectations.some(({ status }) => status === "open");
  return { status: isOpen ? "partial" : "complete", expectations };
}

type Judgement = { status: "holds" | "open" } | { status: "fails"; packet: Packet; decision: Decision };

/** A packet that refutes it in one family is enough, whatever is known of the other one. */
function judge(config: Config, expect: Expect, options: AnalysisOptions): Judgement {
  // Of thousands, those behind the deadline are not begun.
  if (options.stop?.()) return { status: "open" };
  let status: "holds" | "open" = "holds";
  for (const family of [4, 6] as const) {
    const found = within(() => judgeIn(config, expect, family, options)) ?? { status: "open" };
    if (found.status === "fails") return found;
    if (found.status === "open") status = "open";
  }
  return { status };
}

/** Throws TooLarge. */
function judgeIn(config: Config, expect: Expect, family: Family, options: AnalysisOptions): Judgement {
  const direction = expect.direction;
  const space = spaceAround([config], direction, family, options, [expect.conditions]);
  const [judged] = space.judged;
  if (!judged) return { status: "holds" };
  const refuter = likelyRefuter(space, judged, expect, options);
  if (refuter) return refuter;
  space.renew(MOST_EDGES);
  const { decisions } = decisionsOf(space, judged, expect.conditions);
  const numbers = [...space.diagram.terminals(decisions)].filter((number) => number !== 0);
  const answers = numbers
    .sort((a, b) => a - b)
    .map((number) => ({ number, is: isExpected(expect.verdict, policyAt(judged, number), options) }));
  // The first rule that refutes it: what it names is in the packet. That no flow decides comes last.
  const refuting = answers.find(({ is }) => is === false);
  if (!refuting) return { status: answers.some(({ is }) => is === null) ? "open" : "holds" };
  const set = space.diagram.map(decisions, (number) => (number === refuting.number ? 1 : 0));
  const packet = likelyPacket(space, set);
  return { status: "fails", packet, decision: decisionAt(judged, refuting.number, options) };
}

/**
 * The first packet that comes to mind of the set and of a rule that gives another verdict, if it comes to that rule:
 * that spares the diagram of a large set. None found proves nothing. Throws TooLarge.
 */
function likelyRefuter(
  space: Space,
  judged: Judged,
  expect: Expect,
  options: AnalysisOptions,
): Judgement | null {
  const { world, direction, meaning } = space;
  const asked = boxesOf(expect, world, meaning);
  let tries = 0;
  for (const [at, rule] of judged.rules.entries()) {
    space.step();
    const policy = policyAt(judged, judged.base + at);
    if (rule.ignores || isExpected(expect.verdict, policy, options) !== false) continue;
    for (const box of meetings(rule.boxes, asked)) {
      if (tries === TRIES) return null;
      tries += 1;
      const point = likelyPoint(box, world);
      if (judged.index.decider(point) !== at) continue;
      const packet = packetOf(world, direction, point);
      return { status: "fails", packet, decision: decisionAt(judged, judged.base + at, options) };
    }
  }
  return null;
}

/** The policy that decides at a terminal: undecided behind the last rule. */
function policyAt({ rules, base }: Judged, number: number): Expect["verdict"] {
  return rules[number - base]?.flow.policy ?? { action: "undecided" };
}

/** Null where two tables have different names and nobody knows the number of one. */
function isExpected(
  expected: Expect["verdict"],
  policy: Expect["verdict"],
  options: AnalysisOptions,
): boolean | null {
  if (expected.action === "director")
    return policy.action === "director" && policy.director === expected.director;
  if (expected.action !== "table") return policy.action === expected.action;
  if (policy.action !== "table") return false;
  if (policy.table === expected.table) return true;
  const [wanted, found] = [verdictOf({ policy: expected }, options), verdictOf({ policy }, options)];
  if (wanted.table === undefined || found.table === undefined) return null;
  return wanted.table === found.table;
}

/** A packet of the set, from the middle of it where there is time to look for that. */
function likelyPacket(space: Space, set: Node): Packet {
  const { diagram, world, direction } = space;
  // What was found is told, late as it may be.
  diagram.lastRoom();
  const told = within(() => describeSet(space, set, 1).regions[0]?.packet);
  // Words that describe a set may hold what no packet is, or what is spared.
  if (told && diagram.find(set, valuesOf(world, told)) !== 0) return told;
  return packetOf(world, direction, likelyPoint(diagram.cell(set), world));
}

function decisionAt({ rules, base }: Judged, number: number, options: AnalysisOptions): Decision {
  const rule = rules[number - base];
  if (!rule) return UNDECIDED;
  return {
    verdict: verdictOf(rule.flow, options),
    flow: rule.flow.name,
    rule: rule.rule === null ? null : rule.rule + 1,
    icmpErrors: rule.rule === null,
  };
}
