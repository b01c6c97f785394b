/**
 * What was read of nf_tables stands as long as its generation does: then nothing is read again, and whatever others do,
 * by whichever tool and at whichever moment, is seen all the same.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generationOf, isLater } from "../src/generation.ts";
import type { Reading } from "../src/index.ts";
import { run } from "../src/run.ts";
import { openTarget } from "../src/target.ts";
import { everything, type Lab, loseStarter, makeLab, program, wrappers } from "./lab.ts";

const SEED = Number(process.env.FLOWMGR_SEED ?? 20_261_128);
const RUNS = Number(process.env.FLOWMGR_RUNS ?? 1);

const OLD = program("flow ssh permit match proto tcp dstport 22 flow web permit match proto tcp dstport 80");
const NEW = program(
  "flow ssh permit match proto tcp dstport 22 flow web permit match proto tcp dstport 8080",
);

/** A lab that holds OLD and has read it; `readings` tells how often a table was read since. */
async function prepared() {
  const lab = await makeLab("nft");
  const tools = wrappers();
  for (const tool of ["iptables-nft-save", "ip6tables-nft-save"]) tools.wrap(tool, "");
  await lab.kernel.apply(OLD);
  await lab.kernel.read();
  const saves = () => tools.calls().filter((call) => call.includes("-save")).length;
  const begun = saves();
  return { lab, tools, readings: () => saves() - begun };
}

const generation = ({ ns }: Lab) => generationOf(openTarget({ kind: "namespace", name: ns.name }));

/** Our chains of both families; in which order they stand says nothing. */
const byName = ({ state }: Reading) =>
  [state.ip, state.ip6].map((family) =>
    [...(family?.chains ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
  );

/** What others may do to rules, ours or theirs, and by what. */
const FOREIGN: [what: string, argv: string[]][] = [
  ["a rule of ours goes by iptables", ["iptables-nft", "-t", "mangle", "-D", "@ssh", "1"]],
  [
    "a rule comes into a chain of ours by ip6tables",
    ["ip6tables-nft", "-t", "mangle", "-A", "@web", "-j", "DROP"],
  ],
  ["a chain of theirs in mangle", ["iptables-nft", "-t", "mangle", "-N", "theirs"]],
  [
    "a mark of theirs in another table",
    ["iptables-nft", "-t", "nat", "-A", "OUTPUT", "-m", "mark", "--mark", "0x100"],
  ],
  ["the rules of our table go by nft", ["nft", "flush", "table", "ip", "mangle"]],
  ["all goes by nft", ["nft", "flush", "ruleset"]],
];

test("the generation grows with each commit, whoever makes it, and belongs to one namespace", async () => {
  const [lab, other] = [await makeLab("nft"), await makeLab("nft")];
  const before = await generation(lab);
  await lab.ns.must(["iptables-nft-save", "-c"]);
  await lab.ns.must(["iptables-nft", "-t", "mangle", "-v", "-S"]);
  expect(await generation(lab)).toEqual(before);
  await lab.ns.must(["iptables-nft", "-t", "mangle", "-N", "theirs"]);
  await lab.ns.must(["iptables-nft-restore", "--noflush"], { stdin: "*mangle\n:more - [0:0]\nCOMMIT\n" });
  const after = await generation(lab);
  expect(isLater(before, after, 2)).toBe(true);
  expect(isLater(before, after, 1)).toBe(false);
  expect((await generation(other))?.namespace).not.toBe(after?.namespace);
  // Our own, of which others may change rules meanwhile.
  const own = await generationOf(openTarget({ kind: "host" }));
  expect([before?.namespace, (await generation(other))?.namespace, undefined]).not.toContain(own?.namespace);
  await run(["ip", "netns", "delete", other.ns.name]);
  expect(await generation(other)).toBe(null);
});

test("while nobody changes a rule, an apply and a reading read no table", async () => {
  const { lab, readings } = await prepared();
  const before = await lab.kernel.read();
  await lab.kernel.apply(NEW, { book: () => {} });
  expect(readings()).toBe(2);
  const recalled = await lab.kernel.read("last");
  expect(readings()).toBe(2);
  // The same as who has never read anything finds.
  const read = await (await lab.reopen()).read();
  expect(byName(recalled)).toEqual(byName(read));
  expect({ ...recalled, state: null, counted: null }).toEqual({ ...read, state: null, counted: null });
  await lab.kernel.apply(OLD);
  expect(byName(await lab.kernel.read("last"))).toEqual(byName(before));
});

describe.each(FOREIGN)("%s", (_, argv) => {
  test("since our last look: it is seen, and an apply puts it right", async () => {
    const { lab } = await prepared();
    const wanted = await everything(lab);
    await lab.ns.must(argv);
    const touchesOurs =
      (await everything(lab)) !== wanted && !argv.some((word) => ["theirs", "nat"].includes(word));
    expect((await lab.kernel.read("last")).state).toEqual((await (await lab.reopen()).read()).state);
    expect((await lab.kernel.read("last")).foreignMarks).toEqual(
      (await (await lab.reopen()).read()).foreignMarks,
    );
    expect((await lab.kernel.apply(OLD)).changed).toBe(touchesOurs);
    const fresh = await lab.reopen();
    expect((await fresh.apply(OLD)).changed).toBe(false);
  });

  test("between our look and our restore: all is read again, and never taken for ours", async () => {
    const { lab, tools, readings } = await prepared();
    const once = `${lab.dataDir}/done`;
    const words = argv.map((word) => `'${word}'`).join(" ");
    tools.wrap(
      "iptables-nft-restore",
      `if [ ! -e ${once} ]; then touch ${once}; PATH=/usr/sbin:/sbin:/usr/bin:/bin ${words}; fi`,
    );
    const error: unknown = await lab.kernel.apply(NEW, { book: () => {} }).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(readings()).toBeGreaterThan(0);
    // In force as a whole, or refused with the old rules back; which of them is what stands there.
    const held = error === null ? NEW : OLD;
    if (error !== null) expect(error).toMatchObject({ oldRulesInForce: true });
    expect((await (await lab.reopen()).apply(held)).changed).toBe(false);
  });
});

/** A few flows, each switched on or off, with one of some ports. */
const anyProgram = fc
  .array(fc.option(fc.integer({ min: 1, max: 3 })), { minLength: 4, maxLength: 4 })
  .map((ports) =>
    program(
      ports
        .flatMap((port, at) =>
          port ? `flow f${at} permit match proto tcp dstport ${port} match proto udp` : [],
        )
        .join("\n"),
    ),
  );

test(
  `any walk of ours and others: what is recalled is what would be read, FLOWMGR_SEED=${SEED}`,
  async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: anyProgram },
      { weight: 1, arbitrary: fc.constantFrom(...FOREIGN.map(([, argv]) => argv)) },
    );
    const walk = fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 12, size: "max" }),
      async (steps) => {
        const lab = await makeLab("nft");
        for (const one of steps) {
          if ("ip" in one) await lab.kernel.apply(one, { book: () => {} });
          // What is to go may not be there.
          else await lab.ns.run(one);
          const [recalled, read] = [await lab.kernel.read("last"), await (await lab.reopen()).read()];
          expect(byName(recalled)).toEqual(byName(read));
          expect(recalled.foreignMarks).toEqual(read.foreignMarks);
          expect(recalled.state.ip.hooks).toEqual(read.state.ip.hooks);
        }
      },
    );
    await fc.assert(walk, { seed: SEED, numRuns: RUNS, endOnFailure: true });
  },
  60_000 + RUNS * 60_000,
);

test.each([
  ["there is no perl", "exit 127"],
  ["perl is of no use", "echo 17; exit 0"],
  ["perl ends", "exit 2"],
])("where %s, all is read as ever", async (_, body) => {
  const { lab, tools, readings } = await prepared();
  tools.wrap("perl", body);
  await loseStarter();
  await lab.kernel.apply(NEW, { book: () => {} });
  // Before the restore, behind it, and behind what sweeps.
  expect(readings()).toBe(6);
  await lab.kernel.read("last");
  expect(readings()).toBe(8);
  await lab.ns.must(["nft", "flush", "ruleset"]);
  expect((await lab.kernel.read("last")).state.ip.chains).toEqual([]);
});

test("a namespace that is made anew under the same name is another one", async () => {
  const { lab } = await prepared();
  const text = await lab.ns.must(["iptables-nft-save", "-t", "mangle"]);
  const { commits = 0 } = (await generation(lab)) ?? {};
  for (const verb of ["delete", "add"]) await run(["ip", "netns", verb, lab.ns.name]);
  await lab.ns.must(["iptables-nft-restore"], { stdin: text.replace("--dport 22", "--dport 23") });
  // As many commits as the other had.
  for (let more = (await generation(lab))?.commits ?? 0; more < commits; more += 1) {
    await lab.ns.must(["nft", "add", "table", "ip", `t${more}`]);
  }
  expect((await generation(lab))?.commits).toBe(commits);
  expect((await lab.kernel.read("last")).state).toEqual((await (await lab.reopen()).read()).state);
});
