import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  check,
  checkText,
  configSchema,
  expandLists,
  type Packet,
  parse,
  ruleHolds,
  STATES,
} from "../src/index.ts";

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

  it.each([
    "src { 10.0.0.0/8, 192.168.0.0/16 } dstport { 25, 110, 1000:2000 }",
    "iface { eth0, wg+ } proto { tcp, udp, 47 }",
    "not iface { eth0, wg+ } not proto { icmp, icmp6 }",
    "icmptype { echo-request, 3/4, 11 }",
    "not icmptype { 0, 8 }",
    "state { new, established }",
    "not state { new, related, invalid, untracked }",
    "not dstport { 0:1000, 1002: }",
    "not src { 0.0.0.0/1, 128.0.0.0/2, ::/0 }",
    "not proto { tcp, udp, icmp, icmp6, sctp, 253, 254, 255 }",
    "src @office",
    "not dst { @all, 10.9.0.1 }",
    "dstport { 25, @web } srcport @web",
  ])("match %s, with its lists", (conditions) => {
    const lists =
      "list office { 10.1.0.0/16, 2001:db8::/32 } list web { 80, 443 } list all { @office, 10.2.0.0/16 }";
    expect(codes(`${rule(conditions)} ${lists}`)).toEqual([]);
  });

  it("a list that nothing names, and one that has a flow's name", () => {
    expect(codes("flow a permit match list a { 22 }")).toEqual([]);
  });

  it("outflows that permit, deny and route", () => {
    expect(codes("outflow a permit match outflow b deny match iface lo outflow c table 7 match")).toEqual([]);
  });

  it("states of a director's flow that every packet of a connection has", () => {
    for (const state of ["state { new, established }", "not state invalid", "state established"]) {
      expect(codes(`flow a director d ignore state new match dst 10.0.0.1 ${state}`)).toEqual([]);
    }
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

  it("complains of a cycle at each reference in it, and nowhere else", () => {
    const text =
      "flow f permit match src @a list a { @b, 10.0.0.1 } list b { @c } list c { 10.0.0.2, @a } list d { @a }";
    const found = checkText(text).diagnostics;
    expect(found.map(({ code, path, flow }) => [code, path, flow])).toEqual([
      ["list-cycle", "/items/1/values/0", "@a"],
      ["list-cycle", "/items/2/values/0", "@b"],
      ["list-cycle", "/items/3/values/1", "@c"],
    ]);
    expect(found[0]?.message).toBe('the lists "a" and "b" hold each other');
  });

  it("offers the list that was meant as a fix", () => {
    const { diagnostics } = checkText("flow a permit match src @ofice list office { 10.0.0.1 }");
    expect(diagnostics).toMatchObject([{ fixes: [{ label: "Write @office", text: "@office" }] }]);
  });

  it("says nothing of what rules mean whose lists are not known", () => {
    const lists = "list a { nowhere } list b { @a, 2001:db8::1 } list c { @nobody }";
    const text = `flow f permit match src @b dst 10.0.0.1 match src @c dst ::1 match not src @a ${lists}`;
    expect(codes(text)).toEqual(["bad-address", "unknown-list"]);
  });

  it("counts combinations in each family, and as many as are allowed", () => {
    const numbers = (count: number, of: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => of(2 * index)).join(", ");
    // Fifteen ports stand in one iptables rule: 32 networks with 128 of those are 4096.
    const many = (count: number, ports: number) =>
      `proto tcp src { ${numbers(count, (index) => `10.0.0.${index}`)}, ::1 } dstport { ${numbers(ports, String)} }`;
    expect(codes(rule(many(32, 1920)))).toEqual([]);
    expect(codes(rule(many(32, 1921)))).toEqual(["too-many-combinations"]);
    expect(codes(rule(many(33, 1920)))).toEqual(["too-many-combinations"]);
    expect(codes(rule(`not ${many(33, 1920)}`.replace("not proto tcp", "proto tcp not")))).toEqual([]);
    // As many as this are a set, which is one network to a rule, also where two lists multiply.
    expect(codes(rule(many(49, 1920)))).toEqual([]);
    expect(codes(rule(`${many(32, 1900)} dst { ${numbers(30, (index) => `10.1.0.${index}`)} }`))).toEqual([]);
  });

  it("counts what all flows that are on become together", () => {
    const many = (count: number, of: (index: number) => string) =>
      Array.from({ length: count }, (_, index) => of(2 * index)).join(", ");
    const list = `list l { ${many(32, (index) => `10.0.${index}.0/24`)} } list p { ${many(1920, String)} }`;
    const flow = (policy: string, index: number) =>
      `flow f${index} ${policy} match proto tcp src @l dstport @p `;
    const flows = (count: number, policy: string) =>
      Array.from({ length: count }, (_, index) => flow(policy, index)).join("");
    expect(codes(flows(48, "deny") + list)).toEqual([]);
    expect(codes(flows(49, "deny") + list)).toEqual(["too-many-rules"]);
    expect(codes(flows(25, "table 7") + list)).toEqual(["too-many-rules"]);
    expect(codes(flows(49, "skip deny") + list)).toEqual([]);
    expect(check(checkText(flows(49, "deny") + list).config)).toMatchObject([
      { path: "/items/48/name", flow: "f48" },
    ]);
  });

  it("counts the classes of packets that negated lists tell apart", () => {
    const rules = Array.from({ length: 400 }, (_, index) => `match not iface { a${index}, b${index} }`);
    expect(codes(`flow a deny ${rules.join(" ")}`)).toEqual(["too-many-rules"]);
    expect(codes(`flow a deny ${rules.slice(0, 300).join(" ")}`)).toEqual([]);
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
flow a deny ignore icmptype 8 dstport 22 match state { new, New } src { @b, @b, @c }
list c { 22, 10.0.0.1, @c } list c { }
outflow o director d match
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
    ...["iface { eth0, eth1 }", "iface { eth0, + }", "proto { tcp, icmp }", "proto { sctp, icmp6 }"],
    ...[
      "proto { ah, 253 }",
      "src { 10.0.0.1, ::/0 }",
      "src { 0.0.0.0/1, 128.0.0.0/1 }",
      "dst { ::/0, 0.0.0.0/0 }",
    ],
    ...["dst { 10.0.0.1, 10.0.0.2 }", "dstport { 0:22, 23: }", "srcport { 22, 23 }", "icmptype { 8, 9/0 }"],
    ...["state new", "state { established, new }", `state { ${STATES.join(", ")} }`],
    ...["src @four", "dst @six", "dst @all", "srcport @any"],
  ),
);

const LISTS =
  "list four { 0.0.0.0/1, 128.0.0.0/1 } list six { ::/0 } list all { @four, @six } list any { 0: }";

/** One packet of each class that such conditions tell apart. */
const packets: Packet[] = ([4, 6] as const).flatMap((family) => {
  const [one, two] =
    family === 4 ? [0x0a000001n, 0x0a000002n] : [0x20010db8n << 96n, (0x20010db8n << 96n) + 1n];
  const ports = [6, 17, 132].flatMap((proto) =>
    [22, 23, 24].flatMap((srcport) => [22, 23, 24].map((dstport) => ({ proto, srcport, dstport }))),
  );
  const icmp = [8, 9, 10].map((type) => ({ proto: family === 4 ? 1 : 58, icmp: { type, code: 0 } }));
  const others = (family === 4 ? [51, 253, 254] : [253, 254]).map((proto) => ({ proto }));
  return [...ports, ...icmp, ...others].flatMap((rest) =>
    ["eth0", "eth1", "eth2"].flatMap((iface) =>
      [one, two, one + 5n].flatMap((src) =>
        [one, two, one + 5n].map((dst): Packet => ({ direction: "in", family, iface, src, dst, ...rest })),
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
          const text = `${rule(parts.map((part) => part.join("")).join(" "))} ${LISTS}`;
          const [flow] = expandLists(parse(text).config).items;
          const conditions = flow?.kind === "flow" ? (flow.rules[0]?.conditions ?? {}) : {};
          const judge = { loopback: "judge", neighbours: "judge" } as const;
          const holds = STATES.some((state) =>
            packets.some((packet) => ruleHolds({ conditions }, { ...packet, state }, judge).holds),
          );
          expect([text, codes(text).includes("never-holds")]).toEqual([text, !holds]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
