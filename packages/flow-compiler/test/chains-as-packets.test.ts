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
  const done = pass(family, packet.direction === "in" ? "PREROUTING" : "OUTPUT", packet, foreign);
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

type Break = (program: Program) => Program;

/** A run of the property over a program that `damage` has been at. */
function property(damage: Break, length = 15) {
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

/** Changes the words of every rule; null takes the rule out. */
function reworded(change: (words: string, chain: string) => string | null): Break {
  return (program) => {
    const family = (one: Program["ip"]) => ({
      ...one,
      chains: one.chains.map(({ name, rules }) => ({
        name,
        rules: rules.flatMap((rule) => {
          const words = change(rule.words, name);
          return words === null ? [] : [{ ...rule, words }];
        }),
      })),
    });
    return { ...program, ip: family(program.ip), ip6: program.ip6 && family(program.ip6) };
  };
}

const drop = (pattern: RegExp): Break => reworded((words) => (pattern.test(words) ? null : words));
const swap = (from: string | RegExp, to: string): Break => reworded((words) => words.replace(from, to));
const inMain = (change: (words: string) => string | null): Break =>
  reworded((words, chain) => (/^(OUT)?FLOWS/.test(chain) ? change(words) : words));

/** Each hook leads to the other's main chain, with interfaces asked for on the way in. */
function exchanged(family: Program["ip"]): Program["ip"] {
  const other = (name: string) => (name.startsWith("OUT") ? name.slice(3) : `OUT${name}`);
  const turned = (words: string) => words.replace(/(OUT)?FLOWS\S*/, other);
  return { ...family, hooks: family.hooks.map((hook) => ({ ...hook, words: turned(hook.words) })) };
}

const DAMAGES: [string, Break][] = [
  ["the guard of lo is gone", inMain((words) => (/^-i lo -[jg] (RETURN|FLOWS)/.test(words) ? null : words))],
  [
    "the guard of lo is gone in outflows",
    inMain((words) => (/^-o lo -[jg] (R|O)/.test(words) ? null : words)),
  ],
  ["outflows are visited by what comes in", (program) => ({ ...program, ip: exchanged(program.ip) })],
  [
    "a guard of neighbour discovery is gone",
    inMain((words) => (/icmpv6-type 135 -[jg] (R|F)/.test(words) ? null : words)),
  ],
  ["spared packets meet the ordinary jumps", inMain((words) => words.replace("-g ", "-j "))],
  ["spared packets are let through", inMain((words) => words.replace("RETURN", "ACCEPT"))],
  ["permit drops", swap("-j ACCEPT", "-j DROP")],
  ["deny accepts", swap("-j DROP", "-j ACCEPT")],
  ["ignore goes on in its flow", drop(/-j RETURN$/)],
  ["a negation is lost", swap("! -s", "-s")],
  ["a negation of an interface is lost", swap("! -i", "-i")],
  ["a negated port is lost", swap("! --dport", "--dport")],
  ["a port is one off", swap("--dport 22 ", "--dport 23 ")],
  ["udp is forgotten", drop(/-p udp -m udp/)],
  ["sctp is forgotten", drop(/-p sctp -m sctp/)],
  ["a network is too wide", swap(/-d 10\.1\.0\.0\/16/, "-d 10.0.0.0/14")],
  ["a jump is guarded by one rule alone", inMain((words) => words.replace(/^(?=-j @)/, "-p tcp "))],
  ["a value of a list is forgotten", drop(/^-s 10\.1\.2\.3\/32 /)],
  ["a negated range is lost", swap("! --src-range", "--src-range")],
  ["a second negated range is forgotten", swap(/(! --dst-range \S+) -m iprange ! --dst-range \S+/, "$1")],
  ["a stretch of the address space is forgotten", drop(/-m iprange --src-range/)],
  ["a second multiport is forgotten", drop(/--dports [3-9][0-9][,:]/)],
  ["a multiport range loses its end", swap(/(--dports \S*?):65535/, "$1:65534")],
  ["a state is forgotten", swap(/--ctstate NEW,/, "--ctstate ")],
  ["a negated state is lost", swap("! --ctstate", "--ctstate")],
  ["an excluded type is let in", swap(/ -m icmp ! --icmp-type 8\b/, "")],
  [
    "a class of a negated list stays with the others",
    reworded((words) => (/^-[io] \S+ -g @@/.test(words) ? null : words)),
  ],
  [
    "a class of a negated list leaves",
    reworded((words) => words.replace(/^(-[io] eth0) -g @@\S+$/, "$1 -j RETURN")),
  ],
  [
    "a protocol of a negated list stays with the others",
    reworded((words) => (/^-p \S+ -g @@/.test(words) ? null : words)),
  ],
  [
    "a type of a negated list stays with the others",
    reworded((words) => (/^-p icmp .* -[gj] (@@|RETURN$)/.test(words) ? null : words)),
  ],
  ["the mark is not set", drop(/-j MARK/)],
  [
    "the mark takes all bits",
    swap(/\/0x[0-9a-f]+ -j ACCEPT|(?<=--set-xmark 0x[0-9a-f]+)\/0x[0-9a-f]+/, "/0xffffffff"),
  ],
  ["an ICMP error is forgotten", drop(/-p icmp -m icmp --icmp-type 11/)],
  ["an ICMPv6 error is forgotten", drop(/--icmpv6-type [1-4] /)],
  ["foreign bits reach IPVS", reworded((words, chain) => (chain === "DIRECTORS" ? null : words))],
  [
    "flows are visited in the opposite order",
    (program) => {
      const turned = program.ip.chains.map((one) =>
        one.name === "FLOWS" ? { ...one, rules: [...one.rules].reverse() } : one,
      );
      return { ...program, ip: { ...program.ip, chains: turned } };
    },
  ],
  [
    "a class chain holds the rules of the whole flow",
    (program) => {
      const whole = program.ip.chains.find(({ name }) => /^@f/.test(name))?.name ?? "";
      return reworded((words) => words.replace(/-j @@\S+$/, `-j ${whole}`))({ ...program, ip6: null });
    },
  ],
  ["routes are missing", (program) => ({ ...program, ip: { ...program.ip, routes: [] } })],
  ["ip rules are missing", (program) => ({ ...program, ip: { ...program.ip, ipRules: [] } })],
];

describe("is noticed", () => {
  test.each(DAMAGES)("%s", { timeout: PATIENCE }, (_what, damage) => {
    // The seed is fixed: this asks whether the packets reach the place, not for a new one.
    const { errorInstance } = fc.check(property(damage, 40), { numRuns: 6000, seed: 1, endOnFailure: true });
    expect(errorInstance).toBeInstanceOf(Difference);
  });
});
