/** Text that needs no quoting, and one text for what the kernel shows in several. */
import { parse } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { describe, expect, test } from "vitest";
import {
  describeIpRule,
  describeRoute,
  normaliseRule,
  OUR_TABLES,
  renderFamily,
  renderPieces,
} from "../src/index.ts";
import { appendRule } from "../src/render.ts";
import { DEFAULTS } from "./golden.ts";
import { compiled } from "./proving.ts";

describe("words that would need quoting never reach the kernel", () => {
  test.each([
    '-i "eth0"',
    "-i eth'0",
    "-i eth\\0",
    "-i eth0\n-A PREROUTING",
    "-i $x",
    "-i a;b",
    "-i {a}",
    "",
  ])("%j", (words) => {
    expect(() => appendRule("@ssh", words)).toThrow("need quoting");
  });

  test("every sign that a name may hold passes", () => {
    expect(appendRule("@a-_Z9", "! -i br-lan.10_a@b=c+ -j DROP")).toBe(
      "-A @a-_Z9 ! -i br-lan.10_a@b=c+ -j DROP",
    );
  });
});

test("the pieces of a program are its text, and those of chains that an edit leaves are the same objects", () => {
  const config = manyFlows(200);
  const { items } = config;
  const other = { ...config, items: items.map((item, at) => (at === 100 ? { ...item, comment: [] } : item)) };
  const denied = parse("flow service-100 deny match proto tcp dst 192.0.2.1 dstport 25").config.items;
  const changed = { ...config, items: items.flatMap((item, at) => (at === 100 ? denied : [item])) };
  const [program, same, edited] = [config, other, changed].map((one) => compiled(one, DEFAULTS));
  if (!program || !same || !edited) throw new Error("three configs, three programs");
  const lines = (text: string) => text.split("\n").sort();
  for (const one of [program, edited]) {
    for (const family of ["ip", "ip6"] as const) {
      const pieces = renderPieces(one, family);
      expect(lines(pieces.map(({ text }) => text).join(""))).toEqual(lines(renderFamily(one, family)));
    }
  }
  const [before, after] = [new Set(renderPieces(program, "ip")), renderPieces(edited, "ip")];
  expect(renderPieces(same, "ip").every((piece) => before.has(piece))).toBe(true);
  expect(after.filter((piece) => !before.has(piece)).length).toBeLessThan(before.size / 2);
});

describe("what is read back is brought into the form that is written", () => {
  test.each([
    ["-p gre -j ACCEPT", "-p 47 -j ACCEPT"],
    ["! -p vrrp -j ACCEPT", "! -p 112 -j ACCEPT"],
    ["-s 10.0.0.0/8 -p ipencap -j ACCEPT", "-s 10.0.0.0/8 -p 4 -j ACCEPT"],
    ["-p ipip -j ACCEPT", "-p 94 -j ACCEPT"],
    ["-p icmpv6 -m icmp6 --icmpv6-type 135 -j ACCEPT", "-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT"],
    ["-p 6 -m tcp --dport 22 -j ACCEPT", "-p tcp -m tcp --dport 22 -j ACCEPT"],
    ["-p mobility-header -j ACCEPT", "-p 135 -j ACCEPT"],
    ["-p tcp -m tcp --dport 22 -j ACCEPT", "-p tcp -m tcp --dport 22 -j ACCEPT"],
    ["-p 255 -j ACCEPT", "-p 255 -j ACCEPT"],
    ["-p some-day -j ACCEPT", "-p some-day -j ACCEPT"],
    ["-j ACCEPT", "-j ACCEPT"],
  ])("%s", (printed, written) => {
    expect(normaliseRule(printed, "ip")).toBe(written);
  });
});

test("ip rules and routes in ip's words", () => {
  const table = OUR_TABLES.first + 1;
  expect(describeIpRule({ mark: 0x8000_0000, mask: 0xffff_0000, table })).toBe(
    "fwmark 0x80000000/0xffff0000 lookup 1718353921 protocol 70 priority 20000",
  );
  expect(describeRoute({ destination: "2001:db8::/32", table })).toBe(
    "local 2001:db8::/32 dev lo table 1718353921",
  );
});
