/**
 * What flows cost a packet that is forwarded: client - router - server, UDP through sockets, as fast as one processor
 * can send; rules in one router, none in the other, by turns. `node bench/packets.ts [all] [flows ...]`
 *
 * Each cell holds three figures, for packets to the last flow, to none, and to all flows at random: packets forwarded of
 * those that a router without rules forwards, and of ours the nanoseconds that a packet takes longer. `±` is how far from
 * the middle half of the rounds lie at most. Sending and receiving cost as much in both, as they do on a real way.
 * Without `all` the smallest and the largest only, and no ten wildcards.
 */
import { machine } from "./machine.ts";
import { destinationsOf, randomFlows, TRAFFIC } from "./packet-flows.ts";
import { type Family, type Line, makeLine } from "./packet-line.ts";
import { type Backend, loading, SHAPES, type Shape } from "./packet-shapes.ts";
import { type Against, against, nanoseconds, noise, ratios, type Turns, unrest } from "./packet-turns.ts";

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

/** How much longer ours takes than the leaf trie: of what each adds to the way without rules. */
function beside(ours: readonly Against[], trie: readonly Against[]): string {
  return trie.map(({ added }, at) => ((ours[at]?.added.middle ?? 0) / added.middle).toFixed(2)).join(" ");
}

const HEAD = SHAPES.flatMap((shape) => (shape === "ours" ? [shape, "ours, ns"] : [shape]));

async function table(backend: Backend, family: Family): Promise<void> {
  const bare = await makeLine();
  const lines = new Map<Shape, Line>();
  console.log(`\n${backend}, ${await noise(bare, family, turns)}\n`);
  say(["flows + of any destination", ...HEAD, "ours : trie", "±"]);
  say(["---", ...HEAD, "", ""].map(() => "---"));
  for (const wildcards of family === 6 ? [0] : all ? [0, 10, 100] : [0, 100]) {
    for (const size of sizes) {
      const config = randomFlows(size, wildcards, family);
      const found = new Map<Shape, Against[]>();
      for (const shape of shapesOf(wildcards, family)) {
        const load = loading(shape, config, backend, family);
        if (load === null) continue;
        const line = lines.get(shape) ?? (await makeLine());
        lines.set(shape, line);
        await line.router(load.argv, load.stdin);
        found.set(shape, []);
      }
      const ruled = [...found.keys()].flatMap((shape) => lines.get(shape) ?? []);
      for (const traffic of TRAFFIC) {
        const got = await against(bare, ruled, family, destinationsOf(config, traffic), turns);
        for (const [at, one] of [...found.values()].entries()) one.push(...got.slice(at, at + 1));
      }
      const of = (shape: Shape) => found.get(shape) ?? [];
      const cells = SHAPES.flatMap((shape) =>
        shape === "ours" ? [ratios(of(shape)), nanoseconds(of(shape))] : [ratios(of(shape))],
      );
      const last = [beside(of("ours"), of("leaf trie")), unrest([...found.values()].flat())];
      say([`${size} + ${wildcards}`, ...cells, ...last]);
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
