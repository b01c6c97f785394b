/** A change of the back end moves what is ours: without a gap, whole at every moment, and nothing of others. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Kernel, KernelError, openKernel } from "../src/index.ts";
import { run } from "../src/run.ts";
import { KILL_SERVER } from "../src/testing.ts";
import { BACKENDS, type Backend, type Lab, makeLab, plain, program, wrappers } from "./lab.ts";
import { NONE, PROGRAMS, sum, underTraffic } from "./witness.ts";

const OLD = `flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.1.1.1 dstport 25 match proto tcp dst fd01::1
flow web table 77 match proto tcp dstport 80
outflow all permit match`;
const NEW = `flow dns permit match proto udp dstport 53
flow mail director d match proto tcp dst 10.1.1.2`;

/** So that packets by lo, which need no wire, count. */
const JUDGED = { loopback: "judge" } as const;

const otherThan = (backend: Backend): Backend => (backend === "nft" ? "legacy" : "nft");

/** Another process with the other back end, as it were: the same target and data. */
const reopenIn = ({ ns, dataDir }: Lab, backend: Backend | "auto", ipv6 = true): Promise<Kernel> =>
  openKernel({ target: { kind: "namespace", name: ns.name }, backend, ipv6, dataDir });

/** Both back ends and families, `ip rule`s and routes; a chain or policy of the kernel's own says nothing. */
async function everything({ ns }: Lab, backends: readonly Backend[] = BACKENDS): Promise<string> {
  const saves = backends.flatMap((backend) => [`iptables-${backend}-save`, `ip6tables-${backend}-save`]);
  const routing = ["-4", "-6"].flatMap((family) => [
    ["ip", family, "rule"],
    ["ip", family, "route", "show", "table", "all"],
  ]);
  const texts: string[] = [];
  for (const argv of [...saves.map((save) => [save]), ...routing]) {
    const text = plain(await ns.must(argv)).replace(/^(:[A-Z]+ [A-Z]+ .*|\*.*|COMMIT)\n/gm, "");
    texts.push(`$ ${argv.join(" ")}\n${text}`);
  }
  return texts.join("");
}

const known = new Map<string, string>();

/** What a namespace holds that never saw another back end. */
async function fresh(text: string, backend: Backend, ipv6 = true): Promise<string> {
  const key = JSON.stringify([text, backend, ipv6]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const lab = await makeLab(backend, { ipv6 });
  await lab.kernel.apply(program(text, { ...JUDGED, ipv6 }));
  const held = await everything(lab);
  known.set(key, held);
  return held;
}

test("a gap would be seen: taken out before it is put in", async () => {
  const lab = await makeLab("nft");
  const { wrong } = await underTraffic(lab, async () => {
    await lab.kernel.apply(program(""));
    await (await reopenIn(lab, "legacy")).apply(PROGRAMS[1]);
  });
  for (const family of wrong) expect(sum(Object.values(family))).toBeGreaterThan(0);
});

describe.each(BACKENDS)("from %s", (from) => {
  const to = otherThan(from);

  test("under traffic no packet is judged by a mix or by none, also when the config changes with it", async () => {
    const lab = await makeLab(from);
    const { wrong, during, came, sent } = await underTraffic(lab, async () => {
      const moved = await (await reopenIn(lab, to)).apply(PROGRAMS[1]);
      expect(moved).toMatchObject({ changed: true });
      const back = await (await reopenIn(lab, from)).apply(PROGRAMS[0]);
      expect(back).toMatchObject({ changed: true });
    });
    expect(wrong).toEqual([NONE, NONE]);
    expect(came).toBe(sent.packets);
    expect(during).toBeGreaterThan(1000);
  });

  test("counters go along, and the old back end holds nothing of ours", async () => {
    const lab = await makeLab(from);
    const wanted = program(OLD, JUDGED);
    await lab.kernel.apply(wanted);
    const packet = { family: 4 as const, proto: 6, src: 0x7f00_0001n, dst: 0x7f00_0001n, srcport: 999 };
    await lab.ns.inject(
      "lo",
      [22, 22, 22, 80].map((dstport) => ({ ...packet, dstport })),
    );
    const before = await lab.kernel.counters(wanted);
    expect(before.find(({ source }) => source.flow === "ssh")).toMatchObject({ packets: 3 });
    const kernel = await reopenIn(lab, to);
    expect(await kernel.apply(wanted)).toMatchObject({ changed: true });
    expect(await kernel.counters(wanted)).toEqual(before);
    expect(await everything(lab)).toBe(await fresh(OLD, to));
    expect((await kernel.read()).warnings).toEqual([]);
    expect(await kernel.apply(wanted)).toMatchObject({ changed: false });
  });

  const KILLED = `${KILL_SERVER}; exit 1`;
  const killedBehind = (command: string) => `/usr/sbin/${command} "$@"; ${KILLED}`;
  const boundaries: [when: string, command: string, next: Backend][] = [
    ["between the families", `iptables-${to}-restore`, to],
    ["when both hold all", `ip6tables-${to}-restore`, from],
    ["when half is taken out", `iptables-${from}-restore`, to],
  ];
  // The steps are the same the other way round; the last one has what both back ends do.
  const tried = boundaries.slice(from === "nft" ? 0 : 2);
  test.each(tried)("killed %s: the next start ends it", async (_, command, next) => {
    const lab = await makeLab(from);
    await lab.kernel.apply(program(OLD, JUDGED));
    const file = join(lab.dataDir, "program.json");
    writeFileSync(file, JSON.stringify(program(NEW, JUDGED)));
    const tools = wrappers();
    tools.wrap(command, killedBehind(command));
    const child = join(import.meta.dirname, "apply-child.ts");
    const killed = await run([process.execPath, child, lab.ns.name, to, lab.dataDir, file]);
    expect(killed.failure).toBe("killed");
    tools.wrap(command, "");
    await (await reopenIn(lab, next)).apply(program(NEW, JUDGED));
    expect(await everything(lab)).toBe(await fresh(NEW, next));
  });

  const faults: [what: string, command: string][] = [
    ["put in", `ip6tables-${to}-restore`],
    ["taken out", `iptables-${from}-restore`],
  ];
  test.each(faults)(
    "what cannot be %s is told; the old rules are in force, and the next apply ends it",
    async (_, command) => {
      const lab = await makeLab(from);
      await lab.kernel.apply(program(OLD, JUDGED));
      const before = await everything(lab, [from]);
      const tools = wrappers();
      tools.wrap(command, 'echo "out of luck" >&2; exit 1');
      const kernel = await reopenIn(lab, to);
      const error = await kernel.apply(program(NEW, JUDGED)).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ oldRulesInForce: true, said: "out of luck" });
      expect(await everything(lab, [from])).toBe(before);
      tools.wrap(command, "");
      await kernel.apply(program(NEW, JUDGED));
      expect(await everything(lab)).toBe(await fresh(NEW, to));
    },
  );

  test("what others have in either back end stays, byte for byte", async () => {
    const lab = await makeLab(from);
    for (const backend of BACKENDS) {
      for (const tool of [`iptables-${backend}`, `ip6tables-${backend}`]) {
        const add = (...words: string[]) => lab.ns.must([tool, "-w", "5", "-t", "mangle", ...words]);
        await add("-N", "@other");
        await add("-A", "@other", "-m", "comment", "--comment", 'it\'s "theirs"', "-j", "RETURN");
        await add("-A", "PREROUTING", "-p", "tcp", "-j", "@other");
        await add("-A", "OUTPUT", "-m", "mark", "--mark", "0x1/0x1", "-j", "ACCEPT");
      }
    }
    const before = await everything(lab);
    await lab.kernel.apply(program(OLD));
    const kernel = await reopenIn(lab, to);
    await kernel.apply(program(OLD));
    const { warnings } = await kernel.read();
    expect(warnings).toEqual([
      expect.stringMatching(
        `^others have 8 rules and chains in the ${from} back end of iptables; flows use ${to}, as --backend ${to} says`,
      ),
    ]);
    const lines = before.split("\n");
    const foreign = (await everything(lab)).split("\n").filter((line) => lines.includes(line));
    expect(foreign.join("\n")).toBe(before);
  });

  test("a chain of others in the way is named before anything is touched", async () => {
    const lab = await makeLab(from);
    await lab.kernel.apply(program(OLD));
    await lab.ns.must([`ip6tables-${to}`, "-w", "5", "-t", "mangle", "-N", "@mail"]);
    await lab.ns.must([`iptables-${to}-save`, "-t", "mangle"]);
    const before = await everything(lab, [from]);
    const kernel = await reopenIn(lab, to);
    const error = await kernel.apply(program(OLD)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({
      family: "ip6",
      oldRulesInForce: true,
      message: `chain @mail of mangle in the ${to} back end exists and is not ours; rename or remove it; what stands in the ${from} back end is in force as before`,
    });
    expect(await everything(lab, [from])).toBe(before);
  });

  test("a chain of others that has the name of one of ours stays where we are not", async () => {
    const lab = await makeLab(from);
    await lab.kernel.apply(program(OLD));
    await lab.ns.must([`iptables-${to}`, "-w", "5", "-t", "mangle", "-N", "@mail"]);
    await lab.kernel.apply(program(OLD));
    await lab.kernel.apply(program(""));
    expect(await everything(lab, [to])).toContain(":@mail - [0:0]");
  });

  test("rules of flows that a file brought back there are told, and taken out by the next apply", async () => {
    const lab = await makeLab(from);
    await lab.kernel.apply(program(OLD, JUDGED));
    const saved = await lab.ns.must([`iptables-${from}-save`, "-t", "mangle"]);
    const kernel = await reopenIn(lab, to);
    await kernel.apply(program(NEW, JUDGED));
    await lab.ns.must([`iptables-${from}-restore`], { stdin: saved });
    expect((await kernel.read()).warnings).toEqual([
      expect.stringMatching(`^flows have \\d+ rules and chains in the ${from} back end of iptables as well`),
    ]);
    expect(await kernel.apply(program(NEW, JUDGED))).toMatchObject({ changed: true });
    expect(await everything(lab)).toBe(await fresh(NEW, to));
  });

  test("with IPv6 off, what an earlier start put there for IPv6 goes from the old back end too", async () => {
    const lab = await makeLab(from);
    await lab.kernel.apply(program(OLD, JUDGED));
    const kernel = await reopenIn(lab, to, false);
    await kernel.apply(program(OLD, { ...JUDGED, ipv6: false }));
    expect(await everything(lab)).toBe(await fresh(OLD, to, false));
  });
});
