/** Lists as sets: whole before a rule asks for them, gone behind it, put right where others changed them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openKernel, uninstall } from "../src/index.ts";
import { run } from "../src/run.ts";
import { KILL_SERVER } from "../src/testing.ts";
import { BACKENDS, everything, type Lab, makeLab, program as programOf, wrappers } from "./lab.ts";
import { LISTED, NONE, underTraffic } from "./witness.ts";

const program = (text: string) => programOf(text, { largeList: 3 });

const LIST =
  "10.1.0.0/16, 10.3.0.1, 10.5.0.0/24, 192.0.2.128/25, 2001:db8::/32, fe80::1, ::1.2.3.4, 8000::/1, ::5";
const OLD = program(`list l { ${LIST} } flow a deny match not src @l flow b permit match dst @l dstport 22`);
const NEW = program(
  `list l { ${LIST}, 10.7.0.0/16 } flow a deny match not src @l flow b permit match dst @l`,
);
const NOTHING = program("");

/** Our sets as ipset tells them. */
const setsIn = async ({ ns }: Lab): Promise<string[]> => {
  const lines = (await ns.must(["ipset", "save"])).split("\n");
  return lines.flatMap((line) => /^add (\S+ \S+)$/.exec(line)?.[1] ?? []).sort();
};

const contentsOf = ({ sets = [] }: typeof OLD): string[] =>
  sets.flatMap(({ name, networks }) => networks.map((network) => `${name} ${network}`)).sort();

/** The name of a set of IPv4. */
const nameIn = ({ sets = [] }: typeof OLD): string => sets.find(({ family }) => family === "ip")?.name ?? "";

describe.each(BACKENDS)("%s", { timeout: 120_000 }, (backend) => {
  test("sets come with the rules that ask for them and go when none does", async () => {
    const lab = await makeLab(backend);
    expect(lab.kernel.facts.sets).toBe(true);
    await lab.kernel.check(OLD);
    for (const wanted of [OLD, NEW, OLD, NOTHING]) {
      await lab.kernel.apply(wanted);
      expect(await setsIn(lab)).toEqual(contentsOf(wanted));
      expect((await lab.kernel.apply(wanted)).changed).toBe(false);
    }
  });

  test("no packet is judged by a set that is half made, or by the other one's", async () => {
    const lab = await makeLab(backend);
    const switches = async () => {
      for (const wanted of [LISTED[0], LISTED[1], LISTED[0], LISTED[1]]) await lab.kernel.apply(wanted);
    };
    const { sent, came, wrong, marks } = await underTraffic(lab, switches, LISTED[1]);
    expect(wrong).toEqual([NONE, NONE]);
    expect(came).toBe(sent.packets);
    expect(marks.flat().every((count) => count > 0)).toBe(true);
  });

  test.each([
    ["added to", (name: string) => ["add", name, "1.2.3.4"]],
    ["emptied", (name: string) => ["flush", name]],
    ["made to hold another network instead", (name: string) => ["swap", name, "other"]],
  ])("a set that others have %s is put right", async (_what, damage) => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(OLD);
    const before = await everything(lab);
    await lab.ns.must(["ipset", "create", "other", "hash:net", "maxelem", "9"]);
    for (const network of ["10.1.0.0/16", "10.3.0.1", "10.5.0.0/24", "192.0.2.0/25"]) {
      await lab.ns.must(["ipset", "add", "other", network]);
    }
    // It has no room: whoever adds takes something out before.
    await lab.ns.run(["ipset", "del", nameIn(OLD), "10.3.0.1"]);
    await lab.ns.must(["ipset", ...damage(nameIn(OLD))]);
    const { changed, delta } = await lab.kernel.apply(OLD);
    expect(changed).toBe(true);
    expect(delta.sets.make).toMatchObject([{ name: nameIn(OLD), replaced: true }]);
    const ours = (await setsIn(lab)).filter((line) => line.startsWith("flowmgr-"));
    expect(ours).toEqual(contentsOf(OLD));
    expect(await everything(lab)).toBe(before);
  });

  test("a set that a rule of others refers to stays, which is said, and goes behind it", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(OLD);
    const name = nameIn(OLD);
    const foreign = ["INPUT", "-m", "set", "--match-set", name, "src", "-j", "DROP"];
    await lab.ns.must([lab.iptables, "-A", ...foreign]);
    await lab.kernel.apply(NEW);
    const kept = await setsIn(lab);
    expect(kept).toEqual(expect.arrayContaining(contentsOf(NEW)));
    expect(kept).toContain(`${name} 10.3.0.1`);
    expect((await lab.kernel.read()).warnings.join()).toContain(`rules of others refer to the set ${name}`);
    expect((await lab.kernel.apply(NEW)).changed).toBe(false);
    await lab.ns.must([lab.iptables, "-D", ...foreign]);
    expect((await lab.kernel.apply(NEW)).changed).toBe(true);
    expect(await setsIn(lab)).toEqual(contentsOf(NEW));
    expect((await lab.kernel.read()).warnings.join()).not.toContain(name);
  });

  test("a switch that fails leaves the old rules with their sets, and none of the new", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(OLD);
    const tools = wrappers();
    tools.wrap(`${lab.iptables}-restore`, "exit 1");
    await expect(lab.kernel.apply(NEW)).rejects.toMatchObject({ oldRulesInForce: true });
    expect(await setsIn(lab)).toEqual(contentsOf(OLD));
    tools.wrap("ipset", 'if [ "$1" = restore ]; then head -3 | /usr/sbin/ipset restore; exit 1; fi');
    await expect(lab.kernel.apply(NEW)).rejects.toMatchObject({ oldRulesInForce: true });
  });

  test("a switch that fails half way is taken back also where a set was left half made before", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(OLD);
    await lab.ns.must(["ipset", "create", "flowmgr-new", "hash:net"]);
    await lab.ns.must(["ipset", "add", "flowmgr-new", "10.9.0.0/16"]);
    wrappers().wrap(`ip6tables-${backend}-restore`, "exit 1");
    await expect(lab.kernel.apply(NEW)).rejects.toMatchObject({ oldRulesInForce: true });
    expect(await setsIn(lab)).toEqual(contentsOf(OLD));
  });

  test("a set that rules of others ask for by the name under which ours are made stays theirs", async () => {
    const lab = await makeLab(backend);
    await lab.ns.must(["ipset", "create", "flowmgr-new", "hash:ip"]);
    const foreign = ["INPUT", "-m", "set", "--match-set", "flowmgr-new", "src", "-j", "DROP"];
    await lab.ns.must([lab.iptables, "-A", ...foreign]);
    for (const wanted of [OLD, NEW]) {
      await lab.kernel.apply(wanted);
      expect(await setsIn(lab)).toEqual(contentsOf(wanted));
      expect(await lab.ns.must(["ipset", "save", "flowmgr-new"])).toContain("hash:ip");
    }
    expect(await lab.ns.must([lab.iptables, "-S", "INPUT"])).toContain("flowmgr-new");
  });

  test.each(["hash:ip", "hash:net family inet6"])(
    "a %s of others under a name of ours is replaced",
    async (type) => {
      const lab = await makeLab(backend);
      await lab.ns.must(["ipset", "create", nameIn(OLD), ...type.split(" ")]);
      await lab.kernel.apply(OLD);
      expect(await setsIn(lab)).toEqual(contentsOf(OLD));
    },
  );

  test("others may list sets all the while", async () => {
    const lab = await makeLab(backend);
    const networks = Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}`);
    let isDone = false;
    const reader = async () => {
      while (!isDone) await lab.ns.must(["ipset", "save"]);
    };
    const readers = Promise.all([reader(), reader()]);
    try {
      for (let last = 0; last < 8; last += 1) {
        const list = networks.map((begin) => `${begin}.${last}`).join(", ");
        await lab.kernel.apply(program(`list l { ${list} } flow a deny match src @l`));
        expect((await lab.ns.must(["ipset", "list", "-name"])).trim().split("\n")).toHaveLength(1);
      }
    } finally {
      isDone = true;
      await readers;
    }
  });

  test.each([
    ["while sets are made", "ipset", "head -3"],
    ["behind them", `iptables-${backend}-restore`, "false"],
  ])("killed %s, the next apply leaves nothing over", async (_when, tool, first) => {
    // The kernel is also asked for what it can do, when nothing of ours is named.
    const kill = `echo "$input" | ${first} | /usr/sbin/${tool} "$@"; ${KILL_SERVER}; exit 1`;
    const body = `[ "$1" = restore -o $# -gt 2 ] || exec /usr/sbin/${tool} "$@"
input=$(cat); case "$input" in *flowmgr-*) ${kill};; esac; echo "$input" | /usr/sbin/${tool} "$@"; exit`;
    for (const next of [OLD, NEW]) {
      const lab = await makeLab(backend);
      const file = join(lab.dataDir, "program.json");
      writeFileSync(file, JSON.stringify(NEW));
      const tools = wrappers();
      tools.wrap(tool, body);
      const child = join(import.meta.dirname, "apply-child.ts");
      const killed = await run([process.execPath, child, lab.ns.name, backend, lab.dataDir, file]);
      expect(killed.failure).toBe("killed");
      tools.wrap(tool, "");
      expect(await lab.ns.must(["ipset", "list", "-name"])).toContain("flowmgr-");
      await (await lab.reopen()).apply(next);
      expect(await setsIn(lab)).toEqual(contentsOf(next));
      expect((await lab.ns.must(["ipset", "list", "-name"])).trim().split("\n")).toHaveLength(2);
    }
  });

  test("ipset taken off the machine keeps no rules from coming back that need none", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(OLD);
    const tools = wrappers();
    const missing = `echo 'exec of "ipset" failed: No such file or directory' >&2; exit 255`;
    tools.wrap("ip", `case "$*" in *" ipset "*) ${missing};; esac`);
    await expect(lab.kernel.apply(NEW)).rejects.toMatchObject({ oldRulesInForce: true });
    await lab.kernel.apply(NOTHING);
    tools.wrap("ip", "");
    await lab.kernel.apply(NOTHING);
    expect(await setsIn(lab)).toEqual([]);
  });

  test("they move with the rules to the other back end, and go at the end", async () => {
    const lab = await makeLab(backend);
    const target = { kind: "namespace", name: lab.ns.name } as const;
    await lab.kernel.apply(OLD);
    const other = await openKernel({
      target,
      backend: backend === "nft" ? "legacy" : "nft",
      ipv6: true,
      dataDir: lab.dataDir,
    });
    await other.apply(OLD);
    expect(await setsIn(lab)).toEqual(contentsOf(OLD));
    const foreign = ["INPUT", "-m", "set", "--match-set", nameIn(OLD), "src", "-j", "DROP"];
    await lab.ns.must([lab.iptables, "-A", ...foreign]);
    const { removed, heldSets } = await uninstall(target, lab.dataDir);
    expect(heldSets).toEqual([nameIn(OLD)]);
    expect(removed.map(({ family, sets }) => [family, sets])).toEqual(
      expect.arrayContaining([
        ["ip", 0],
        ["ip6", 1],
      ]),
    );
    await lab.ns.must([lab.iptables, "-D", ...foreign]);
    expect((await uninstall(target, lab.dataDir)).removed).toMatchObject([
      { family: "ip", sets: 1, chains: 0 },
    ]);
    expect(await lab.ns.must(["ipset", "list", "-name"])).toBe("");
  });
});
