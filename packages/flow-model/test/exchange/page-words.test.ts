/** Export in the words of the original page, example by example; packets are judged in flow-analysis. */
import { describe, expect, it } from "vitest";
import { exportPageWords } from "../../src/exchange/index.ts";
import { type Config, check, configSchema, locate, parse, printWithPlaces } from "../../src/index.ts";
import { FIVE_EXAMPLES, ON_MANY_LINES } from "../examples.ts";

function config(...items: unknown[]): Config {
  return configSchema.parse({ items });
}

const flow = (rules: unknown[], rest: object = {}) => ({
  kind: "flow",
  name: "a",
  policy: { action: "permit" },
  rules: rules.map((rule) => ({ verb: "match", ...Object(rule) })),
  ...rest,
});

const textOf = (given: Config) => exportPageWords(given).text?.trimEnd().split("\n");

function refusalOf(given: Config) {
  const said = exportPageWords(given);
  return said.text === null ? said.diagnostics : [];
}

it("leaves the five examples as they are", () => {
  const given = parse(FIVE_EXAMPLES).config;
  expect(exportPageWords(given)).toEqual({ text: ON_MANY_LINES, config: given });
});

describe("lists become rules, in their order", () => {
  it.each([
    [
      "each with each",
      { iface: ["eth0", "lo"], dstport: ["25", "110:"] },
      [
        "match iface eth0 dstport 25",
        "match iface eth0 dstport 110:65535",
        "match iface lo dstport 25",
        "match iface lo dstport 110:65535",
      ],
    ],
    [
      "without those that can never hold",
      { proto: ["icmp", "tcp"], dstport: "22" },
      ["match proto tcp dstport 22"],
    ],
    [
      "named ones",
      { src: "@office", dst: "10.0.0.1" },
      ["match src 10.0.0.0/8 dst 10.0.0.1", "match src 10.1.1.1 dst 10.0.0.1"],
    ],
    ["protocols by number", { proto: ["6", "17"] }, ["match proto tcp", "match proto udp"]],
    [
      "negated ports: what is left",
      { dstport: { not: true, values: ["22", "80:90"] } },
      ["match dstport 0:21", "match dstport 23:79", "match dstport 91:65535"],
    ],
    [
      "negated ports that are one range",
      { dstport: { not: true, values: ["22", "23:90"] } },
      ["match not dstport 22:90"],
    ],
    [
      "negated addresses: what is left",
      { src: { not: true, values: ["128.0.0.0/2", "0.0.0.0/1"] } },
      ["match src 192.0.0.0/2"],
    ],
    [
      "negated addresses that are one network",
      { src: { not: true, values: ["10.0.0.0/9", "10.128.0.0/9", "10.0.0.1"] } },
      ["match not src 10.0.0.0/8"],
    ],
    [
      "a negated list of protocols where ports say what is left",
      { proto: { not: true, values: ["tcp", "icmp"] }, dstport: "53" },
      ["match proto udp dstport 53"],
    ],
    ["one value written twice", { icmptype: { not: true, values: ["8", "ping"] } }, ["match not icmptype 8"]],
    [
      "an interface and what it covers",
      { iface: { not: true, values: ["eth0", "eth+"] } },
      ["match not iface eth+"],
    ],
  ])("%s", (_, conditions, rules) => {
    const list = { kind: "list", name: "office", values: ["10.0.0.0/8", "10.1.1.1"] };
    const lines = textOf(config(flow([{ conditions }]), list));
    expect(lines?.filter((line) => line.startsWith("  "))).toEqual(rules.map((line) => `  ${line}`));
  });
});

it("keeps as comments what is not in force, and every remark", () => {
  const lists = { kind: "list", name: "office", values: ["10.0.0.0/8"], comment: ["us"], note: "all of it" };
  const expectation = { kind: "expect", verdict: { action: "deny" }, conditions: { src: "not @office" } };
  const rules = [
    { off: true, conditions: { src: "@office" }, comment: ["old"], note: "was" },
    { conditions: { proto: ["tcp", "udp"] }, comment: ["both"], note: "dns" },
    { off: true, conditions: { src: "2001:db8::/32" } },
  ];
  const off = flow([{ conditions: { state: "new" } }, {}], { name: "b", skipped: true, note: "later" });
  expect(
    textOf({ ...config(lists, flow(rules, { comment: ["a flow"] }), expectation, off), comment: ["end"] }),
  ).toEqual([
    "# us",
    "# list office { 10.0.0.0/8 } # all of it",
    "# a flow",
    "# behind its last rule:",
    "# off match src 2001:db8::/32",
    "flow a permit",
    "  # old",
    "  # off match src @office # was",
    "  # both",
    "  match proto tcp # dns",
    "  match proto udp",
    "",
    "# expect deny not src @office",
    "# switched off: permit",
    "flow b skip # later",
    "  # match state new",
    "  match",
    "",
    "# end",
  ]);
});

describe("refuses, with its place,", () => {
  it.each([
    ["IPv6", { src: ["10.0.0.1", "2001:db8::1"] }, "/src/values/1", /knows no IPv6/],
    ["IPv6 out of a named list", { src: "@v6" }, "/src", /knows no IPv6: "2001:db8::\/32"/],
    ["icmp6", { proto: "icmp6" }, "/proto/values/0", /protocol "icmp6"/],
    ["other protocols", { proto: ["tcp", "47"] }, "/proto/values/1", /protocol "47"/],
    ["state", { state: "new" }, "/state", /no word for state/],
    ["negated interfaces", { iface: { not: true, values: ["a", "b"] } }, "/iface", /behind not iface/],
    ["negated protocols", { proto: { not: true, values: ["tcp", "udp"] } }, "/proto", /behind not proto/],
    [
      "negated ICMP types",
      { icmptype: { not: true, values: ["8", "0"] } },
      "/icmptype",
      /behind not icmptype/,
    ],
    [
      "more rules than anyone reads",
      {
        srcport: Array.from({ length: 100 }, (_, i) => `${i}`),
        dstport: Array.from({ length: 100 }, (_, i) => `${i}`),
      },
      "/dstport",
      /more than 4096/,
    ],
  ])("%s", (_, conditions, where, message) => {
    const list = { kind: "list", name: "v6", values: ["2001:db8::/32"] };
    const [refused, ...more] = refusalOf(config(list, flow([{}, { conditions }])));
    expect(more).toEqual([]);
    expect(refused).toMatchObject({ severity: "error", code: "no-page-word", flow: "a", rule: 2 });
    expect(refused?.path).toBe(`/items/1/rules/1/conditions${where}`);
    expect(refused?.message).toMatch(message);
    expect(refused?.help).not.toBe("");
  });

  it("a director's negated list of destinations, which would draw ICMP errors", () => {
    const director = { policy: { action: "director", director: "d" } };
    const conditions = { proto: "tcp", dst: { not: true, values: ["10.0.0.1", "10.0.0.3"] } };
    expect(refusalOf(config(flow([{ conditions }], director)))).toMatchObject([
      { message: expect.stringContaining("ICMP errors") },
    ]);
    expect(refusalOf(config(flow([{ conditions: { ...conditions, proto: "icmp" } }], director)))).toEqual([]);
    expect(refusalOf(config(flow([{ verb: "ignore", conditions }], director)))).toEqual([]);
  });

  it("no rule of a list that is not there, which holds never", () => {
    const given = config(flow([{ conditions: { dstport: { not: true, values: ["@web"] } } }]));
    expect(textOf(given)?.filter((line) => line.startsWith("  match"))).toEqual([]);
  });

  it("what many rules become together", () => {
    const many = (net: number) => Array.from({ length: 64 }, (_, index) => `10.${net}.${2 * index}.0/24`);
    const given = config(
      flow(Array.from({ length: 30 }, () => ({ conditions: { src: many(0), dst: many(1) } }))),
    );
    expect(check(given)).toEqual([]);
    expect(refusalOf(given)).toMatchObject([
      { flow: "a", path: "/items/0/name", message: expect.stringContaining("more than 100000") },
    ]);
  });

  it("so that the text's own place can be found", () => {
    const given = config(flow([{ conditions: { src: "2001:db8::1" } }]));
    expect(check(given)).toEqual([]);
    const { places } = printWithPlaces(given);
    expect(locate(refusalOf(given), places)).toMatchObject([{ line: 2, column: 13, endColumn: 24 }]);
  });
});
