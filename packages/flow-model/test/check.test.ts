import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, checkText, configSchema, type Packet, parse, ruleHolds } from "../src/index.ts";

const rule = (conditions: string) => `flow a permit match ${conditions}`;
const codes = (text: string) => checkText(text).diagnostics.map(({ code }) => code);

describe("check passes", () => {
  it.each([
    "",
    "not proto tcp dstport 22",
    "proto sctp dstport 22",
    "not dstport 0:65534",
    "proto 6 dstport 22",
    "not dst 10.0.0.0/8 src 10.0.0.1",
    "not iface lo",
    "iface +",
    "icmptype any",
    "not icmptype 8/0",
    "proto icmp6 icmptype 128 dst 2001:db8::1",
    "icmptype 133 proto icmp6",
    "proto ah dst 10.0.0.1",
    "proto 43",
    "proto icmp6",
    "not proto ah dst 2001:db8::1",
    "not proto 253 dst 2001:db8::1",
    "src 0.0.0.0/0 dst 10.0.0.1",
    "not proto icmp dst 10.0.0.1",
  ])("match %s", (conditions) => {
    expect(codes(rule(conditions))).toEqual([]);
  });

  it("names of keywords, of targets and of options", () => {
    const names = ["permit", "match", "ACCEPT", "MARK", "PREROUTING", "-x", "A", "a"];
    expect(codes(names.map((name) => `flow ${name} permit match`).join(" "))).toEqual([]);
  });

  it("a bad value without guessing what its rule means", () => {
    expect(codes(rule("proto nonsense dstport 22 icmptype 8"))).toEqual(["bad-protocol", "never-holds"]);
    expect(codes(rule("proto nonsense dstport 22"))).toEqual(["bad-protocol"]);
    expect(codes(rule("src nowhere dst ::1"))).toEqual(["bad-address"]);
  });
});

describe("check", () => {
  it("judges rules and flows that are off like all others", () => {
    expect(codes("flow a skip director x/y off match proto icmp dstport 22")).toEqual([
      "bad-director",
      "never-holds",
    ]);
  });

  it("warns of one family only where the other could come", () => {
    expect(codes(rule("not src 10.0.0.0/8 dst 10.0.0.1"))).toEqual([]);
    expect(codes(rule("not src 10.0.0.0/8 proto icmp"))).toEqual([]);
    expect(codes(rule("not src 10.0.0.0/8 icmptype 8"))).toEqual([]);
    expect(codes(rule("not src 10.0.0.0/8 not dst 10.0.0.1"))).toEqual(["one-family", "one-family"]);
    expect(codes(rule("not src 10.0.0.0/8 proto tcp"))).toEqual(["one-family"]);
  });

  it("does not warn of an ignore that changes nothing for the other family", () => {
    const ignore = "flow a permit ignore not src 10.0.0.0/8";
    expect(codes(`${ignore} match dst 10.0.0.1`)).toEqual([]);
    expect(codes(`${ignore} off match`)).toEqual([]);
    expect(codes(ignore)).toEqual([]);
    expect(codes(`${ignore} match`)).toEqual(["one-family"]);
    expect(codes(`${ignore} match dst 2001:db8::1`)).toEqual(["one-family"]);
  });

  it("says the same of text and of the JSON that it stands for", () => {
    const text = `flow a permit match src 10.1.2.3/8 not dst 10.0.0.1
flow a deny ignore icmptype 8 dstport 22 match state new
flow b.c director d/e match proto 0 src nowhere`;
    const { config, diagnostics } = checkText(text);
    const said = check(configSchema.parse(JSON.parse(JSON.stringify(config))));
    const bare = diagnostics.map(({ line, column, endLine, endColumn, ...rest }) => rest);
    expect(new Set(said.map(({ path, code }) => `${path} ${code}`))).toEqual(
      // Written order is known in text only: there it is dstport that came second.
      new Set(bare.map(({ path, code }) => `${path} ${code}`.replace(/dstport (never)/, "icmptype $1"))),
    );
  });

  it("offers the network meant as a fix", () => {
    expect(checkText(rule("src 10.1.2.3/8")).diagnostics).toMatchObject([
      { severity: "warning", fixes: [{ label: "Write 10.0.0.0/8", text: "10.0.0.0/8" }] },
    ]);
  });
});

/** Conditions that meet each other often: few values, and those at the borders of what can hold. */
const condition = fc.tuple(
  fc.constantFrom("", "not "),
  fc.constantFrom(
    ...[
      "iface eth0",
      "iface +",
      "proto tcp",
      "proto sctp",
      "proto icmp",
      "proto icmp6",
      "proto ah",
      "proto 253",
    ],
    ...[
      "src 0.0.0.0/0",
      "src 10.0.0.1",
      "src ::/0",
      "src 2001:db8::1",
      "dst 0.0.0.0/0",
      "dst 10.0.0.1",
      "dst ::/0",
    ],
    ...["srcport 0:65535", "srcport 22", "dstport 0:65535", "dstport 22", "icmptype any", "icmptype 8"],
  ),
);

/** One packet of each class that such conditions tell apart. */
const packets: Packet[] = ([4, 6] as const).flatMap((family) => {
  const [one, two] =
    family === 4 ? [0x0a000001n, 0x0a000002n] : [0x20010db8n << 96n, (0x20010db8n << 96n) + 1n];
  const ports = [6, 17, 132].flatMap((proto) =>
    [22, 23].flatMap((srcport) => [22, 23].map((dstport) => ({ proto, srcport, dstport }))),
  );
  const icmp = [8, 9].map((type) => ({ proto: family === 4 ? 1 : 58, icmp: { type, code: 0 } }));
  const others = (family === 4 ? [51, 253, 254] : [253, 254]).map((proto) => ({ proto }));
  return [...ports, ...icmp, ...others].flatMap((rest) =>
    ["eth0", "eth1"].flatMap((iface) =>
      [one, two, one + 1n].flatMap((src) =>
        [one, two, one + 1n].map((dst): Packet => ({ direction: "in", family, iface, src, dst, ...rest })),
      ),
    ),
  );
});

describe("a rule is refused as one that never holds", () => {
  it("if, and only if, it holds for no packet", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(condition, { maxLength: 5, selector: ([, text]) => text.split(" ")[0] }),
        (parts) => {
          const text = rule(parts.map((part) => part.join("")).join(" "));
          const [flow] = parse(text).config.items;
          const conditions = flow?.kind === "flow" ? (flow.rules[0]?.conditions ?? {}) : {};
          const judge = { loopback: "judge", neighbours: "judge" } as const;
          const holds = packets.some((packet) => ruleHolds({ conditions }, packet, judge).holds);
          expect([text, codes(text).includes("never-holds")]).toEqual([text, !holds]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
