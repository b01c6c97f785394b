/**
 * What flows cost a packet that is forwarded: client - router - server, UDP through sockets, as fast as one processor
 * can send; rules in one router, none in the other, by turns. `node bench/packets.ts [all] [flows ...]`
 *
 * Each cell: packets forwarded of those that a router without rules forwards, half the width in which half of the rounds
 * lie, and the nanoseconds that a packet takes longer. Sending and receiving cost as much in both, as they do on a real
 * way. Without `all` the ends of each row only.
 */
import { machine } from "./machine.ts";
import { destinationsOf, randomFlows, TRAFFIC } from "./packet-flows.ts";
import { type Family, type Line, makeLine } from "./packet-line.ts";
import { type Backend, loading, SHAPES, type Shape } from "./packet-shapes.ts";
import { type Against, against, cell, spread, type Turns } from "./packet-turns.ts";

const words = process.argv.slice(2);
const all = words.includes("all");
const asked = words.map(Number).filter((one) => one > 0);
const sizes = asked.length > 0 ? asked : all ? [10, 100, 1000, 10_000] : [10, 10_000];
const turns: Turns = all ? { seconds: 0.05, rounds: 7 } : { seconds: 0.04, rounds: 5 };

/** The slow ones once only, in IPv4 without wildcards: nothing is learnt from them elsewhere, and they load for long. */
function shapesOf(wildcards: number, family: Family): readonly Shape[] {
  const isFirst = wildcards === 0 && family === 4;
  return SHAPES.filter((shape) => isFirst || (shape !== "a jump a flow" && shape !== "guarded"));
}

function say(columns: readonly string[]): void {
  process.stdout.write(`| ${columns.join(" | ")} |\n`);
}

/** How much longer ours takes than the lab's trie: of what is added to the way without rules. */
function beside(ours: Against | undefined, trie: Against | undefined): string {
  if (ours === undefined || trie === undefined) return "";
  return (ours.added.middle / trie.added.middle).toFixed(2);
}

/** What the machine does to a figure: the line without rules against itself. */
async function noise(bare: Line, family: Family): Promise<string> {
  const [itself] = await against(
    bare,
    [bare],
    family,
    destinationsOf(randomFlows(1, 0, family), "no flow"),
    turns,
  );
  if (itself === undefined) return "";
  const thousands = 1e6 / spread(itself.each).middle;
  return `\nIPv${family} without rules: ${thousands.toFixed(0)} 000 packets a second; against itself ${cell(itself)}\n`;
}

async function table(backend: Backend, family: Family): Promise<void> {
  const bare = await makeLine();
  const lines = new Map<Shape, Line>();
  console.log(await noise(bare, family));
  say([`${backend}, IPv${family}`, "to", ...SHAPES, "ours : trie"]);
  say(Array.from({ length: SHAPES.length + 3 }, () => "---"));
  for (const wildcards of family === 6 ? [0] : all ? [0, 10, 100] : [0, 100]) {
    for (const size of sizes) {
      const config = randomFlows(size, wildcards, family);
      const loaded: Shape[] = [];
      for (const shape of shapesOf(wildcards, family)) {
        const load = loading(shape, config, backend, family);
        if (load === null) continue;
        const line = lines.get(shape) ?? (await makeLine());
        lines.set(shape, line);
        await line.router(load.argv, load.stdin);
        loaded.push(shape);
      }
      for (const traffic of TRAFFIC) {
        const ruled = loaded.flatMap((shape) => lines.get(shape) ?? []);
        const got = await against(bare, ruled, family, destinationsOf(config, traffic), turns);
        const of = (shape: Shape) => got[loaded.indexOf(shape)];
        const cells = SHAPES.map((shape) => of(shape)).map((one) => (one === undefined ? "" : cell(one)));
        say([`${size} + ${wildcards}`, traffic, ...cells, beside(of("ours"), of("lab's trie"))]);
      }
    }
  }
  for (const line of [bare, ...lines.values()]) await line.remove();
}

console.log(machine("iptables", "nft", "perl"));
const start = performance.now();
for (const backend of ["nft", "legacy"] as const) {
  for (const family of [4, 6] as const) await table(backend, family);
}
console.log(
  `${((performance.now() - start) / 60_000).toFixed(1)} minutes; then: ${machine().split("\n", 1)[0]}`,
);
