/** What is exported in the page's words decides every packet as the original does. */
import { type Config, check, checkText, type Flow, flowsOf, type Rule } from "@flowmgr/flow-model";
import { exportPageWords } from "@flowmgr/flow-model/exchange";
import {
  arbitraryAction,
  arbitraryAddress,
  arbitraryConfig,
  arbitraryIcmpType,
  arbitraryInterface,
  arbitraryPacket,
  arbitraryPorts,
} from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../src/index.ts";

const address = fc.oneof({ weight: 12, arbitrary: arbitraryAddress(4) }, arbitraryAddress(6));
const protocol = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("tcp", "udp", "icmp", "6", "17") },
  fc.constantFrom("sctp", "icmp6", "47"),
);

function condition(values: fc.Arbitrary<string>) {
  return fc.record({ not: fc.boolean(), values: fc.array(values, { minLength: 1, maxLength: 3 }) });
}

/** Rules with lists, most of which the page can say. */
const rule: fc.Arbitrary<Rule> = fc.record({
  verb: fc.constantFrom("match", "ignore"),
  off: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  comment: fc.constantFrom([], ["why"]),
  note: fc.constantFrom("", "a note"),
  conditions: fc.record(
    {
      iface: condition(arbitraryInterface),
      proto: condition(protocol),
      src: condition(address),
      dst: condition(address),
      srcport: condition(arbitraryPorts),
      dstport: condition(arbitraryPorts),
      icmptype: condition(arbitraryIcmpType(4)),
    },
    { requiredKeys: [] },
  ),
});

const flow = (name: string): fc.Arbitrary<Flow> =>
  fc.record({
    kind: fc.constant("flow"),
    name: fc.constant(name),
    policy: arbitraryAction,
    skipped: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
    comment: fc.constantFrom([], ["a flow"]),
    note: fc.constant(""),
    rules: fc.array(rule, { maxLength: 4 }),
  });

const withLists: fc.Arbitrary<Config> = fc
  .tuple(flow("a"), flow("b"), flow("c"))
  .map((items) => ({ items, comment: ["the end"] }));

/** Leaves out the rules that the page cannot say, and those that can never hold, which `check` refuses. */
function sayable(config: Config): Config {
  const isSaid = (flow: Flow, rule: Rule) => {
    const alone = { ...flow, skipped: flow.policy === null, rules: [{ ...rule, off: false }] };
    const one: Config = { items: [alone], comment: [] };
    if (check(one).some(({ severity }) => severity === "error")) return false;
    const said = exportPageWords(one);
    return said.text !== null && flowsOf(said.config).some(({ rules }) => rules.length > 0);
  };
  const items = flowsOf(config).map((flow) => ({
    ...flow,
    rules: flow.rules.filter((rule) => isSaid(flow, rule)),
  }));
  return { ...config, items };
}

/** Words of the original page and values, nothing else. */
const PAGE_RULE =
  /^ {2}(match|ignore)( (not )?(iface [^\s{},#@]\S*|proto (tcp|udp|icmp)|(src|dst) [0-9./]+|(srcport|dstport) [0-9]+(:[0-9]+)?|icmptype [A-Za-z0-9/-]+))*( #.*)?$/;
const PAGE_FLOW = /^(flow|outflow) \S+ (permit|deny|skip|director \S+|table \S+)( #.*)?$/;

function speaksPage(text: string): void {
  for (const line of text.split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    expect(line).toMatch(line.startsWith(" ") ? PAGE_RULE : PAGE_FLOW);
  }
}

describe("exportPageWords", () => {
  it.each([
    ["single values", arbitraryConfig()],
    ["lists", withLists],
  ])("means the same for every packet: %s", (_, configs) => {
    fc.assert(
      fc.property(
        configs
          .map(sayable)
          .chain((config) =>
            fc.tuple(
              fc.constant(config),
              fc.array(arbitraryPacket(config), { minLength: 20, maxLength: 20 }),
            ),
          ),
        ([config, packets]) => {
          const said = exportPageWords(config);
          if (said.text === null) throw new Error("what could not be said was left out");
          const read = checkText(said.text);
          expect(read.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
          speaksPage(said.text);
          for (const packet of packets) {
            const [was, is] = [decide(config, packet), decide(read.config, packet)];
            expect([is.flow, is.verdict, is.icmpErrors]).toEqual([was.flow, was.verdict, was.icmpErrors]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("says of each rule that it refuses where it stands", () => {
    fc.assert(
      fc.property(withLists, (config) => {
        const said = exportPageWords(config);
        if (said.text !== null) return;
        for (const { path, rule, flow } of said.diagnostics) {
          const parts = /^\/items\/(\d+)\/rules\/(\d+)\/conditions\/(\w+)(?:\/values\/(\d+))?$/.exec(
            path ?? "",
          );
          const item = flowsOf(config)[Number(parts?.[1])];
          expect(item?.name).toBe(flow);
          expect(Number(parts?.[2]) + 1).toBe(rule);
          expect(Object.keys(item?.rules[Number(parts?.[2])]?.conditions ?? {})).toContain(parts?.[3]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("leaves alone what speaks the page's words already", () => {
    const page =
      "flow a permit\n  match not proto tcp src 10.0.0.0/8 dstport 53\n\noutflow b skip\n  match\n";
    expect(exportPageWords(checkText(page).config).text).toBe(page);
    expect(check(checkText(page).config).filter(({ code }) => code !== "one-family")).toEqual([]);
  });
});
