/**
 * The compiled chains mean what the language says: random configs, random packets, every combination of options.
 * Verdict, counted rules, mark and route of each packet are compared with the definition (`ruleHolds`), and
 * broken chains are shown to be noticed.
 */
import { decide } from "@flowmgr/flow-analysis";
import {
  type Config,
  containsAddress,
  expandLists,
  flowsOf,
  type Packet,
  parseAddress,
  printPacket,
  ruleHolds,
  takesIcmpError,
} from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { directionOf, isOn } from "../src/chains.ts";
import {
  assignMarks,
  type CompileOptions,
  compile,
  type Marks,
  markOf,
  type Program,
  type Source,
} from "../src/index.ts";
import { markFor } from "../src/marks.ts";
import { readValue } from "../src/words.ts";
import { configs, options, packets } from "./arbitrary.ts";
import { DAMAGES, type Damage } from "./damages.ts";
import { pass } from "./packets.ts";

type Meaning = { decided: { flow: string; policy: string; mark: number | null } | null; counted: Source[] };

/** What the language says of a packet: who decides, and every rule that ended a visit. */
function meaning(config: Config, packet: Packet, marks: Marks, settings: CompileOptions): Meaning {
  const counted: Source[] = [];
  const judging = flowsOf(expandLists(config)).filter(isOn);
  for (const flow of judging.filter((one) => directionOf(one) === packet.direction)) {
    const at = flow.rules.findIndex((rule) => !rule.off && ruleHolds(rule, packet, settings).holds);
    const errors = at < 0 && takesIcmpError(flow, packet, settings);
    if (at < 0 && !errors) continue;
    counted.push({ flow: flow.name, rule: errors ? null : at + 1 });
    if (flow.rules[at]?.verb === "ignore" || !flow.policy) continue;
    const mark = markFor(flow.policy, marks, settings);
    const policy = flow.policy.action;
    return {
      decided: { flow: flow.name, policy, mark: mark && markOf(mark.index, settings.markMask) },
      counted,
    };
  }
  return { decided: null, counted };
}

/** Bits that belong to others: they must come through, and must be gone when IPVS looks at a director's mark. */
const FOREIGN = 0x5a5a_5a5a;

/** Compares one packet; the sentence says what differs, "" when nothing does. */
function difference(config: Config, packet: Packet, program: Program, settings: CompileOptions): string {
  const family = packet.family === 4 ? program.ip : program.ip6;
  if (family === null) return "";
  const foreign = (FOREIGN & ~settings.markMask) >>> 0;
  const said = meaning(config, packet, program.marks, settings);
  const judge = decide(config, packet, { loopback: settings.loopback, neighbours: settings.neighbours });
  if (judge.flow !== (said.decided?.flow ?? null)) return `the tester says ${judge.flow}`;
  const done = pass(
    family,
    packet.direction === "in" ? "PREROUTING" : "OUTPUT",
    packet,
    foreign,
    program.sets,
  );
  const verdict = said.decided === null ? "undecided" : said.decided.policy === "deny" ? "DROP" : "ACCEPT";
  if (done.verdict !== verdict) return `verdict ${done.verdict}, wanted ${verdict}`;
  if (JSON.stringify(done.counted) !== JSON.stringify(said.counted)) {
    return `counted ${JSON.stringify(done.counted)}, wanted ${JSON.stringify(said.counted)}`;
  }
  if (judge.flow !== null && done.counted.at(-1)?.rule !== judge.rule)
    return `the tester says rule ${judge.rule}`;
  const mark = said.decided?.mark ?? 0;
  const marked = (foreign | mark) >>> 0;
  if (done.mark !== marked) return `mark ${done.mark.toString(16)}, wanted ${marked.toString(16)}`;

  const looked = family.ipRules.filter((rule) => (done.mark & rule.mask) >>> 0 === rule.mark);
  if (looked.length !== (mark === 0 ? 0 : 1))
    return `${looked.length} ip rules for mark ${mark.toString(16)}`;
  const isDirector = said.decided?.policy === "director";
  const routed = family.routes.some(
    ({ table, destination }) =>
      table === looked[0]?.table && containsAddress(readValue(parseAddress(destination)), packet.dst),
  );
  if (isDirector !== routed) return `routed as local: ${routed}`;
  const atIpvs = pass(family, "INPUT", packet, done.mark).mark;
  const wanted = isDirector ? mark : marked;
  return atIpvs === wanted ? "" : `mark before IPVS ${atIpvs.toString(16)}, wanted ${wanted.toString(16)}`;
}

/** The chains say something else than the language: the only failure that proves anything. */
class Difference extends Error {}

/** A run of the property over a program that `damage` has been at. */
function property(damage: Damage, length = 15) {
  return fc.property(
    configs,
    options,
    fc.array(packets, { minLength: length, maxLength: length }),
    (config, settings, all) => {
      const assigned = assignMarks(config, { directors: {}, tables: {} }, settings);
      if ("error" in assigned) throw new Error(assigned.error.message);
      const program = damage(compile(config, assigned.marks, settings));
      for (const packet of all) {
        const differs = difference(config, packet, program, settings);
        if (differs !== "") throw new Difference(`${printPacket(packet)}: ${differs}`);
      }
    },
  );
}

/** Milliseconds; seconds on a machine that does nothing else. */
const PATIENCE = 300_000;

test("every packet gets the verdict, the count, the mark and the route that the language says", {
  timeout: PATIENCE,
}, () => {
  fc.assert(
    property((program) => program),
    { numRuns: 3000 },
  );
});

describe("is noticed", () => {
  test.each(DAMAGES)("%s", { timeout: PATIENCE }, (_what, damage) => {
    // The seed is fixed: this asks whether the packets reach the place, not for a new one.
    const { errorInstance } = fc.check(property(damage, 40), { numRuns: 6000, seed: 1, endOnFailure: true });
    expect(errorInstance).toBeInstanceOf(Difference);
  });
});
