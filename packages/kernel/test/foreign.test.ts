/** Nothing that the program did not make is touched. */
import { describe, expect, test } from "vitest";
import { KernelError } from "../src/index.ts";
import { BACKENDS, everything, type Lab, makeLab, program } from "./lab.ts";

/** Others' rules before and behind our hook, chains that look like ours, marks, routes, other tables. */
async function furnish({ ns, iptables, ip6tables }: Lab): Promise<void> {
  await ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
  for (const tables of [iptables, ip6tables]) {
    const add = (...words: string[]) => ns.must([tables, "-w", "5", ...words]);
    await add("-t", "mangle", "-N", "@other");
    await add("-t", "mangle", "-A", "@other", "-m", "comment", "--comment", "-j @ssh", "-j", "RETURN");
    await add("-t", "mangle", "-A", "PREROUTING", "-p", "tcp", "-j", "@other");
    await add("-t", "mangle", "-A", "PREROUTING", "-m", "mark", "--mark", "0x1/0x1", "-j", "ACCEPT");
    await add("-t", "mangle", "-A", "INPUT", "-m", "length", "--length", "1400:1500");
    await add("-t", "mangle", "-P", "FORWARD", "DROP");
    await add("-t", "filter", "-N", "@own");
    await add("-t", "filter", "-A", "INPUT", "-p", "udp", "-j", "@own");
    await add("-t", "raw", "-A", "PREROUTING", "-i", "lo", "-j", "ACCEPT");
  }
  for (const family of ["-4", "-6"]) {
    const net = family === "-4" ? "10.9.0.0/16" : "fd09::/64";
    await ns.must(["ip", family, "rule", "add", "fwmark", "0x2/0x2", "lookup", "77"]);
    await ns.must([
      "ip",
      family,
      "rule",
      "add",
      "protocol",
      "42",
      "priority",
      "100",
      "to",
      net,
      "lookup",
      "78",
    ]);
    await ns.must(["ip", family, "route", "add", "local", net, "dev", "lo", "table", "77"]);
    await ns.must(["ip", family, "route", "add", "blackhole", net, "table", "78"]);
  }
}

const ONE = `flow ssh permit match proto tcp dst 192.168.0.1 dstport 22
flow mail director d match proto tcp dst 10.1.1.1 dstport 25 match proto tcp dst fd01::1 dstport 25
flow web table 77 match proto tcp dstport 80`;
const TWO = `flow dns permit match proto udp dstport 53
flow mail director d match proto tcp dst 10.1.1.2 dstport 25`;

describe.each(BACKENDS)("%s", (backend) => {
  test("foreign objects are the same, byte for byte, after apply, change and empty", async () => {
    const lab = await makeLab(backend);
    await furnish(lab);
    const before = await everything(lab);
    const foreign = async () =>
      (await everything(lab))
        .split("\n")
        .filter((line) => before.split("\n").includes(line))
        .join("\n");
    await lab.kernel.apply(program(ONE));
    expect(await everything(lab)).toContain("@ssh -");
    expect(await foreign()).toBe(before);
    await (await lab.reopen()).apply(program(TWO));
    expect(await foreign()).toBe(before);
    await lab.kernel.apply(program(""));
    expect(await foreign()).toBe(before);
    const left = (await everything(lab)).split("\n").filter((line) => !before.split("\n").includes(line));
    // With no flows the main chains and their hooks stay, empty.
    expect(left.filter((line) => !/FLOWS|OUTFLOWS/.test(line))).toEqual([]);
  });

  test("rules of others keep their order around our hook", async () => {
    const lab = await makeLab(backend);
    await furnish(lab);
    const prerouting = async () =>
      (await lab.ns.must([lab.iptables, "-t", "mangle", "-S", "PREROUTING"])).trim().split("\n").slice(1);
    const others = await prerouting();
    const hook = "-A PREROUTING -m comment --comment flowmgr -j FLOWS";
    await lab.kernel.apply(program(ONE));
    expect(await prerouting()).toEqual([hook, ...others]);
    expect((await lab.kernel.read()).foreignBehind).toEqual({ ip: 2, ip6: 2 });
    await lab.kernel.apply(program(ONE, { jump: "last" }));
    expect(await prerouting()).toEqual([...others, hook]);
    expect((await lab.kernel.read()).foreignBehind).toEqual({ ip: 0, ip6: 0 });
  });

  test("a foreign chain with a name of ours is refused by name before anything is touched", async () => {
    const lab = await makeLab(backend);
    await lab.ns.must([lab.ip6tables, "-t", "mangle", "-N", "@web"]);
    await lab.ns.must([lab.ip6tables, "-t", "mangle", "-A", "@web", "-j", "ACCEPT"]);
    // The legacy tools make a table of one that they are asked about.
    await lab.ns.must([`${lab.iptables}-save`, "-t", "mangle"]);
    const before = await everything(lab);
    const error = await lab.kernel.apply(program(ONE)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({
      family: "ip6",
      oldRulesInForce: true,
      message:
        "chain @web of ip6tables -t mangle exists and is not ours; rename or remove it, or rename the flow; nothing was changed",
    });
    expect(await everything(lab)).toBe(before);
  });

  test("a restarted process knows its chains, also those that lost their hook", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(ONE));
    const whole = await everything(lab);
    await lab.ns.must([lab.iptables, "-t", "mangle", "-F", "PREROUTING"]);
    await lab.ns.must([lab.iptables, "-t", "mangle", "-A", "@ssh", "-j", "DROP"]);
    const again = await lab.reopen();
    expect(await again.apply(program(ONE))).toMatchObject({ changed: true });
    expect(await everything(lab)).toBe(whole);
  });

  test("a chain that went is nobody's: who makes one of that name owns it", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(ONE));
    await lab.kernel.apply(program(TWO));
    for (const tables of [lab.iptables, lab.ip6tables]) {
      await lab.ns.must([tables, "-w", "5", "-t", "mangle", "-N", "@ssh"]);
      await lab.ns.must([tables, "-w", "5", "-t", "mangle", "-A", "@ssh", "-j", "ACCEPT"]);
    }
    await lab.kernel.apply(program(""));
    expect((await everything(lab)).match(/-A @ssh -j ACCEPT/g)).toHaveLength(2);
    await expect(lab.kernel.apply(program(ONE))).rejects.toThrow("chain @ssh of iptables -t mangle exists");
  });

  test("what stands around is told", async () => {
    const lab = await makeLab(backend);
    await furnish(lab);
    const other = backend === "nft" ? "legacy" : "nft";
    await lab.ns.must([`iptables-${other}`, "-A", "INPUT", "-p", "tcp", "-j", "ACCEPT"]);
    await lab.kernel.apply(program(ONE));
    const reading = await lab.kernel.read();
    expect(reading.links.map(({ name }) => name)).toEqual(["lo", "eth0"]);
    expect(reading.links[1]).toMatchObject({ up: true, carrier: true });
    expect(reading.links[1]?.addresses).toEqual(expect.arrayContaining(["192.168.0.1", "fd00::1"]));
    expect(reading.tables).toMatchObject({ main: 254, local: 255 });
    expect(reading.routesIn[78]).toEqual({ ip: 1, ip6: 1 });
    expect(Object.keys(reading.routesIn).map(Number)).toEqual(expect.arrayContaining([77, 254, 255]));
    expect(reading.foreignMarks).toEqual(
      expect.arrayContaining([
        { mark: 2, mask: 2, where: "ip rule to table 77" },
        { mark: 1, mask: 1, where: "iptables -t mangle, chain PREROUTING", compares: true },
      ]),
    );
    expect(reading.warnings).toEqual([
      expect.stringMatching(`^others have 1 rule or chain in the ${other} back end`),
    ]);
  });
});
