/** A small change is read back by itself, and only what is exactly as expected is believed. */
import { describe, expect, test } from "vitest";
import type { CountedLine } from "../src/index.ts";
import { parseList } from "../src/save.ts";
import { BACKENDS, everything, type Lab, loseStarter, makeLab, program, wrappers } from "./lab.ts";

const OLD = `flow ssh permit match proto tcp dstport 22
flow web permit match proto tcp dstport 80 match proto udp
flow dns deny match proto udp dstport 53`;
const NEW = OLD.replace("dstport 80", "dstport 8080 match proto tcp dstport 443");

test("a listed chain: words as iptables-save has them, and counts", () => {
  const listed = `-N @x
-A @x -p tcp -m tcp --dport 22 -c 3 180 -j ACCEPT
-A @x -c 0 0 -g @y
-A @x -m socket -c 1 2
-A @x -s 10.0.0.1/32 -c 5 6 -j MARK --set-xmark 0x100/0xff00
`;
  expect(parseList(listed, "@x")).toEqual([
    { words: "-p tcp -m tcp --dport 22 -j ACCEPT", packets: 3, bytes: 180 },
    { words: "-g @y", packets: 0, bytes: 0 },
    { words: "-m socket", packets: 1, bytes: 2 },
    { words: "-s 10.0.0.1/32 -j MARK --set-xmark 0x100/0xff00", packets: 5, bytes: 6 },
  ]);
  expect(parseList("-N @y\n", "@y")).toEqual([]);
  for (const other of [
    "",
    "-N @y\n",
    listed.slice(0, 30),
    `${listed}-A @y -c 0 0 -j ACCEPT\n`,
    `${listed}x`,
  ]) {
    expect(parseList(other, "@x")).toBeNull();
  }
});

/** Two packets for `web` that will be gone, and what was told of them at the switch. */
async function edit(lab: Lab): Promise<{ changed: boolean; told: CountedLine[] }> {
  for (let sent = 0; sent < 2; sent += 1) {
    // Nobody listens there, which the second one is told; whether both were sent, the counters below say.
    await lab.ns.must(["bash", "-c", "echo x > /dev/udp/127.0.0.1/99 || true"]);
  }
  const told: CountedLine[] = [];
  const { changed } = await lab.kernel.apply(program(NEW, { loopback: "judge" }), {
    book: (lines, switched) => {
      if (switched) told.push(...lines.filter(({ retired }) => retired !== null));
    },
  });
  return { changed, told };
}

describe.each(BACKENDS)("%s", (backend) => {
  const prepared = async () => {
    const lab = await makeLab(backend);
    await lab.ns.must(["ip", "link", "set", "lo", "up"]);
    await lab.kernel.apply(program(NEW, { loopback: "judge" }));
    const wanted = await everything(lab);
    await lab.kernel.apply(program(OLD, { loopback: "judge" }));
    return { lab, wanted };
  };
  const reads = (calls: string[]) => calls.filter((call) => call.includes("-save")).length;

  test("an edit of one flow reads the chain twice in nft, and nothing else; in legacy all, before, behind and in the end", async () => {
    const { lab, wanted } = await prepared();
    const tools = wrappers();
    for (const tool of [lab.iptables, lab.ip6tables, `${lab.iptables}-save`, `${lab.ip6tables}-save`]) {
      tools.wrap(tool, "");
    }
    const { changed, told } = await edit(lab);
    expect(changed).toBe(true);
    expect(told.map(({ packets }) => packets)).toEqual([2]);
    expect(reads(tools.calls())).toBe(backend === "nft" ? 0 : 6);
    expect(tools.calls().filter((call) => call.endsWith("-S @web")).length).toBe(backend === "nft" ? 4 : 0);
    expect(await everything(lab)).toBe(wanted);
    // A flow that goes takes a chain away, and all is read.
    const before = reads(tools.calls());
    await lab.kernel.apply(program("flow ssh permit match proto tcp dstport 22"), { book: () => {} });
    expect(reads(tools.calls()) - before).toBe(backend === "nft" ? 4 : 6);
  });

  test.each([
    ["fails", "exit 1"],
    ["is garbage", "echo '*** 0xdeadbeef {'; exit 0"],
    ["is empty", "exit 0"],
    [
      "ends too early",
      'real=$(PATH=/usr/sbin:/sbin:/usr/bin:/bin command -v $(basename $0)); $real "$@" | head -n 4; exit 0',
    ],
    [
      "leaves a rule out",
      'real=$(PATH=/usr/sbin:/sbin:/usr/bin:/bin command -v $(basename $0)); $real "$@" | sed 2d; exit 0',
    ],
  ])("a listing that %s is not believed: all is read, and nothing is lost", async (_, body) => {
    const { lab, wanted } = await prepared();
    const tools = wrappers();
    tools.wrap(lab.iptables, `case "$*" in *"-S @"*) ${body};; esac`);
    tools.wrap(`${lab.iptables}-save`, "");
    const { changed, told } = await edit(lab);
    expect(changed).toBe(true);
    expect(told.map(({ packets }) => packets)).toEqual([2]);
    expect(reads(tools.calls())).toBeGreaterThan(backend === "nft" ? 0 : 1);
    expect(await everything(lab)).toBe(wanted);
  });

  test.each([
    ["counted", ""],
    ["not counted, there being no perl", "exit 127"],
  ])(
    "what others put into a chain of ours that stays, between our look and our restore, commits %s",
    async (_, perl) => {
      const { lab } = await prepared();
      const tools = wrappers();
      const once = `${lab.dataDir}/done`;
      const theirs = `PATH=/usr/sbin:/sbin:/usr/bin:/bin ${lab.iptables} -t mangle -I @ssh 1 -j DROP`;
      tools.wrap("perl", perl);
      if (perl !== "") await loseStarter();
      tools.wrap(`${lab.iptables}-restore`, `if [ ! -e ${once} ]; then touch ${once}; ${theirs}; fi`);
      const error: unknown = await lab.kernel
        .apply(program(NEW, { loopback: "judge" }), { book: () => {} })
        .then(
          () => null,
          (caught: unknown) => caught,
        );
      // Refused with the old rules back, or in force as a whole; which of them is what stands there.
      if (error !== null) expect(error).toMatchObject({ oldRulesInForce: true });
      const held = error === null ? NEW : OLD;
      expect((await (await lab.reopen()).apply(program(held, { loopback: "judge" }))).changed).toBe(false);
    },
  );

  test("a restore that says yes and does nothing, or only half, is found out", async () => {
    const { lab } = await prepared();
    const before = await everything(lab);
    const tools = wrappers();
    const once = `${lab.dataDir}/done`;
    for (const body of [
      "cat > /dev/null; exit 0",
      'grep -v 8080 | PATH=/usr/sbin:/sbin:/usr/bin:/bin $(basename $0) "$@"; exit 0',
    ]) {
      tools.wrap(`${lab.iptables}-restore`, `if [ ! -e ${once} ]; then touch ${once}; ${body}; fi`);
      await expect(
        lab.kernel.apply(program(NEW, { loopback: "judge" }), { book: () => {} }),
      ).rejects.toMatchObject({
        oldRulesInForce: true,
        said: expect.stringContaining("read back"),
      });
      expect(await everything(lab)).toBe(before);
      await lab.ns.must(["rm", once]);
    }
  });
});
