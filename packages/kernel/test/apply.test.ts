/** What an apply leaves alone, and what it says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KernelError } from "../src/index.ts";
import type { FramePacket } from "../src/testing.ts";
import { BACKENDS, everything, type Lab, makeLab, program, wrappers } from "./lab.ts";

const BOTH = `flow ssh permit
  match proto tcp dstport 22
flow dns permit
  match proto udp dstport 53`;
const CHANGED = BOTH.replace("53", "54");

const to = (proto: number, dstport: number): FramePacket[] => [
  { family: 4, proto, src: 0xc0a8_000an, dst: 0xc0a8_0001n, srcport: 4000, dstport },
  { family: 6, proto, src: (0xfd00n << 112n) | 10n, dst: (0xfd00n << 112n) | 1n, srcport: 4000, dstport },
];

async function count({ kernel }: Lab, text: string) {
  const counts = await kernel.counters(program(text));
  return Object.fromEntries(counts.map(({ source, packets }) => [`${source.flow} ${source.rule}`, packets]));
}

describe.each(BACKENDS)("%s", (backend) => {
  test("a chain that did not change keeps its counters, one that did begins anew", async () => {
    const lab = await makeLab(backend);
    await lab.ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
    await lab.kernel.apply(program(BOTH));
    await lab.ns.inject("eth0", [...to(6, 22), ...to(6, 22), ...to(17, 53)]);
    await expect.poll(() => count(lab, BOTH)).toEqual({ "ssh 1": 4, "dns 1": 2 });
    const applied = await lab.kernel.apply(program(CHANGED));
    expect(applied.delta.ip.changed).toEqual(["@dns"]);
    expect(await count(lab, CHANGED)).toEqual({ "ssh 1": 4, "dns 1": 0 });
    const [ssh] = await lab.kernel.counters(program(CHANGED));
    // 20 bytes of TCP in both, with 20 of IPv4 or 40 of IPv6 before them.
    expect(ssh?.bytes).toBe(2 * (40 + 60));
  });

  test("the same program twice writes nothing", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(BOTH));
    const tools = wrappers();
    for (const tool of [lab.iptables, lab.ip6tables]) tools.wrap(`${tool}-restore`, "");
    tools.wrap("ip", "");
    expect(await lab.kernel.apply(program(BOTH))).toMatchObject({
      changed: false,
      snapshot: null,
    });
    const restores = () => tools.calls().filter((call) => /^ip6?tables-\S+-restore /.test(call));
    expect(tools.calls().length).toBeGreaterThan(0);
    expect(restores()).toEqual([]);
    await lab.kernel.apply(program(CHANGED));
    expect(restores().length).toBe(2);
  });

  test("two at once come one after the other, also from two processes", async () => {
    const lab = await makeLab(backend);
    const other = await lab.reopen();
    const texts = [BOTH, CHANGED, "", BOTH];
    await Promise.all(texts.map((text, at) => (at % 2 ? other : lab.kernel).apply(program(text))));
    const ends = [];
    for (const text of [BOTH, CHANGED, ""]) {
      const fresh = await makeLab(backend);
      await fresh.kernel.apply(program(text));
      ends.push(await everything(fresh));
    }
    expect(ends).toContain(await everything(lab));
  });

  test("names of chains that the disk has garbled keep no rules from coming back", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(BOTH));
    writeFileSync(join(lab.dataDir, "snapshots", `namespace-${lab.ns.name}`, "chains.json"), '{"ip":["@s');
    const again = await lab.reopen();
    expect(await again.apply(program(BOTH))).toMatchObject({ changed: false });
    await again.apply(program(CHANGED));
  });

  test("a snapshot leads back", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(BOTH));
    const before = await everything(lab);
    const { snapshot } = await lab.kernel.apply(program("flow d director x match proto tcp dst 10.0.0.1"));
    expect(await everything(lab)).not.toBe(before);
    if (snapshot === null) throw new Error("no snapshot");
    await (await lab.reopen()).restore(snapshot);
    expect(await everything(lab)).toBe(before);
    await expect(lab.kernel.restore({ id: "000000099" })).rejects.toThrow(
      "snapshot 000000099 is no longer kept",
    );
  });

  test("IPv6 switched off clears what was there and leaves ip6tables alone", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(BOTH));
    expect(await lab.ns.must([`${lab.ip6tables}-save`])).toContain("@ssh");
    await lab.kernel.apply(program(BOTH, { ipv6: false }));
    expect(await lab.ns.must([`${lab.ip6tables}-save`])).not.toMatch(/^-A|^:[^A-Z]/m);
    expect(await lab.ns.must([`${lab.iptables}-save`])).toContain("@ssh");
  });

  test("check takes what the kernel takes, and touches nothing", async () => {
    const lab = await makeLab(backend);
    const before = await everything(lab);
    await lab.kernel.check(program(`${BOTH} flow d director x match proto tcp dst 10.0.0.1`));
    expect(await everything(lab)).toBe(before);
  });

  test.each([
    ["a target that does not exist", "-j NOSUCH"],
    ["a match that does not exist", "-m nosuch -j ACCEPT"],
    ["what the kernel refuses at the COMMIT only", "-j REJECT"],
    ["a port that is none", "-p tcp -m tcp --dport 70000 -j ACCEPT"],
  ])("%s is told with flow and rule, by check and by apply; the old rules stay", async (_, words) => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(BOTH));
    const before = await everything(lab);
    const broken = structuredClone(program(CHANGED));
    const chain = broken.ip6?.chains.find(({ name }) => name === "@dns");
    chain?.rules.push({ words, source: { flow: "dns", rule: 7 }, counts: true });
    for (const [verb, outcome] of [
      ["check", "nothing was changed"],
      ["apply", "the old rules are in force"],
    ] as const) {
      const error = await lab.kernel[verb](broken).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(KernelError);
      expect(error).toMatchObject({ family: "ip6", source: { flow: "dns", rule: 7 }, oldRulesInForce: true });
      expect(String(error)).toMatch(/flow dns, rule 7 \(IPv6\): the kernel did not take it: .+; /);
      expect(String(error)).toContain(outcome);
      expect(await everything(lab)).toBe(before);
    }
  });
});
