/** Rules of others that look like ours, that nobody can parse, or that hold on to ours. */
import { describe, expect, test } from "vitest";
import { BACKENDS, everything, type Lab, makeLab, program } from "./lab.ts";

const ONE = "flow ssh permit match proto tcp dstport 22";
const TWO = "flow dns permit match proto udp dstport 53";

/** Rules behind `-A PREROUTING`, each a row of words. */
const ODD: string[][] = [
  ["-m", "comment", "--comment", "one\n-A FLOWS -j DROP\n:@x - [0:0]"],
  ["-m", "comment", "--comment", "a \"b \\c' d -j @ssh"],
  ["-m", "comment", "--comment", "flowmgr-ish"],
  ["-m", "comment", "--comment", '"flowmgr"'],
  ["-m", "comment", "--comment", "flowmgr"],
  ["-p", "tcp", "-m", "comment", "--comment", "flowmgr", "-j", "ACCEPT"],
  ["-m", "comment", "--comment", "flowmgr", "-j", "FLOWS-theirs"],
  ["-p", "tcp", "-m", "string", "--algo", "bm", "--string", 'a -j FLOWS "c'],
  ["-m", "u32", "--u32", "6&0xFF=1 && 4&0x3FFF=0"],
  ["-m", "recent", "--name", 'odd "n', "--set"],
  ["-m", "hashlimit", "--hashlimit-above", "3/sec", "--hashlimit-name", "h x", "--hashlimit-mode", "srcip"],
  ["-j", "LOG", "--log-prefix", 'a -j @x "q'],
  ["-j", 'q"x'],
];

/** Lines of iptables-save about what these configs make. */
const OURS = /^(:|-A )(FLOWS|OUTFLOWS|DEFRAGMENT|@\w+) | -j (OUT)?FLOWS$/;

const saved = ({ ns }: Lab, tool: string) => ns.must([`${tool}-save`, "-t", "mangle"]);

describe.each(BACKENDS)("%s", (backend) => {
  test("odd rules of others stay, and do not hide ours", async () => {
    const lab = await makeLab(backend);
    for (const tool of [lab.iptables, lab.ip6tables]) {
      for (const chain of ['q"x', "FLOWS-theirs"]) {
        await lab.ns.must([tool, "-w", "5", "-t", "mangle", "-N", chain]);
      }
      for (const rule of ODD)
        await lab.ns.must([tool, "-w", "5", "-t", "mangle", "-A", "PREROUTING", ...rule]);
    }
    const foreign = async () => {
      const lines = (await everything(lab)).split("\n");
      return lines.filter((line) => !OURS.test(line));
    };
    const before = await foreign();
    for (const text of [ONE, TWO, TWO, ""]) {
      await lab.kernel.apply(program(text));
      expect(await foreign()).toEqual(before);
    }
    expect(await saved(lab, lab.iptables)).toMatch(/-A PREROUTING -m comment --comment flowmgr -j FLOWS\n/);
    expect((await lab.kernel.read()).foreignBehind).toEqual({ ip: ODD.length, ip6: ODD.length });
  });

  test("a rule of others that leads to a chain of ours keeps it: refused by name, the old rules stay", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(ONE));
    await lab.ns.must([lab.ip6tables, "-w", "5", "-t", "mangle", "-A", "FORWARD", "-p", "tcp", "-j", "@ssh"]);
    const before = await everything(lab);
    await expect(lab.kernel.apply(program(TWO))).rejects.toMatchObject({
      family: "ip6",
      oldRulesInForce: true,
      message:
        "ip6tables -t mangle: chain FORWARD, which is not ours, leads to @ssh, which is to go; remove that rule first; nothing was changed",
    });
    expect(await everything(lab)).toBe(before);
    // What stays may be led to.
    await lab.kernel.apply(program("flow ssh deny match proto tcp dstport 22"));
  });
});

describe("rules that nft itself put into a table of iptables", () => {
  /** One that iptables-nft-save stops at, and one for which it leaves the table out. */
  const UNPRINTABLE = {
    "a rule that the tool stops at": "meta mark set ip dscp map { 1 : 0x1 }",
    "a table that the tool leaves out": "numgen random mod 2 vmap { 0 : accept }",
  };

  test.each(Object.entries(UNPRINTABLE))(
    "%s, in mangle: refused by name, nothing is touched",
    async (_, rule) => {
      const lab = await makeLab("nft");
      await lab.kernel.apply(program(ONE));
      await lab.ns.must(["nft", "add", "chain", "ip", "mangle", "theirs"]);
      const before = await lab.ns.must(["nft", "list", "ruleset"]);
      await lab.ns.must(["nft", `add rule ip mangle theirs ${rule}`]);
      await expect(lab.kernel.apply(program(TWO))).rejects.toMatchObject({
        family: "ip",
        oldRulesInForce: true,
        message: expect.stringMatching(/"nft list table ip mangle" shows it: .*; nothing was changed$/),
      });
      await lab.ns.must(["nft", "flush", "chain", "ip", "mangle", "theirs"]);
      expect(await lab.ns.must(["nft", "list", "ruleset"])).toBe(before);
      await lab.kernel.apply(program(TWO));
    },
  );

  test.each(Object.entries(UNPRINTABLE))(
    "%s, in another table: flows go on, and a warning says so",
    async (_, rule) => {
      const lab = await makeLab("nft");
      await lab.ns.must([lab.iptables, "-A", "INPUT", "-p", "tcp"]);
      await lab.ns.must(["nft", `add rule ip filter INPUT ${rule}`]);
      const program1 = program(ONE);
      expect(await lab.kernel.apply(program1)).toMatchObject({ changed: true });
      const reading = await lab.kernel.read();
      expect(reading.state.ip.chains.map(({ name }) => name)).toContain("@ssh");
      expect(reading.warnings).toContainEqual(
        expect.stringMatching("iptables-nft-save cannot print all tables"),
      );
      expect(await lab.kernel.counters(program1)).toHaveLength(1);
    },
  );

  test("a base chain of nft's own in mangle is passed by", async () => {
    const lab = await makeLab("nft");
    await lab.kernel.apply(program(ONE));
    const chain = "theirs { type filter hook prerouting priority 5; }";
    await lab.ns.must([
      "nft",
      `add chain ip mangle ${chain}; add rule ip mangle theirs ip saddr 10.0.0.1 counter`,
    ]);
    await lab.kernel.apply(program(TWO));
    expect(await lab.ns.must(["nft", "list", "chain", "ip", "mangle", "theirs"])).toContain(
      "ip saddr 10.0.0.1",
    );
    expect((await lab.kernel.read()).warnings).toEqual([]);
  });
});
