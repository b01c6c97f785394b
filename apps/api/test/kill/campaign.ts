/**
 * `npm run kill -- [--backend nft|legacy] [--runs N] [--only PATTERN]`: a real server is killed at every boundary of
 * everything that it does (boundaries.ts, scenarios.ts), started again, and asked for what is promised (run.ts).
 * `--runs`: so many, spread evenly over all boundaries; without it every boundary in each way. Prints a line for each
 * run and a table at the end; the exit status is 1 when a promise was broken.
 */
import { parseArgs } from "node:util";
import { HOWS, type How } from "./boundaries.ts";
import { count, killAt, type Looks, looks, type Outcome } from "./run.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { makeScene, type Scene, type Server } from "./server.ts";

type Kill = { scenario: Scenario; at: number; label: string; how: How };

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "nft" },
    runs: { type: "string" },
    only: { type: "string", default: "" },
  },
});

/** Only a process can go on when the server is dead. */
const howsOf = (label: string): readonly How[] =>
  /^(commit|rename)/.test(label) ? HOWS.filter((how) => how !== "during") : HOWS;

async function allKills(scene: Scene, server: Server): Promise<[Kill[], Server]> {
  const kills: Kill[] = [];
  let up = server;
  for (const scenario of SCENARIOS.filter(({ name }) => new RegExp(values.only).test(name))) {
    const [met, next] = await count(scene, scenario, up);
    up = next;
    console.log(`${scenario.name}: ${met.length} boundaries`);
    for (const [at, label] of met.entries()) {
      for (const how of howsOf(label)) kills.push({ scenario, at: at + 1, label, how });
    }
  }
  return [kills, up];
}

/** So many of them, evenly. */
function spread<T>(all: T[], many: number): T[] {
  return many >= all.length
    ? all
    : Array.from({ length: many }, (_, at) => all[Math.floor((at * all.length) / many)]).filter(
        (one) => one !== undefined,
      );
}

type Tally = { runs: number; died: number; answered: number; old: number; new: number; late: number[] };

function note(tallies: Map<string, Tally>, name: string, outcome: Outcome): void {
  const tally = tallies.get(name) ?? { runs: 0, died: 0, answered: 0, old: 0, new: 0, late: [] };
  tallies.set(name, tally);
  tally.runs += 1;
  if (outcome.died !== null) tally.died += 1;
  if (outcome.answered) tally.answered += 1;
  tally[outcome.inForce] += 1;
  if (outcome.late !== null) tally.late.push(Math.round(outcome.late));
}

async function runAll(scene: Scene, found: Looks, first: Server, kills: Kill[]): Promise<number> {
  const tallies = new Map<string, Tally>();
  let server: Server | null = first;
  let broken = 0;
  for (const [index, { scenario, at, label, how }] of kills.entries()) {
    const what = `${index + 1}/${kills.length} ${scenario.name}, ${how} ${at}: ${label.slice(0, 70)}`;
    try {
      server ??= await scene.serve();
      if (server === null) throw new Error("the server does not start");
      const [outcome, next]: [Outcome, Server] = await killAt(scene, scenario, found, server, at, how);
      server = next;
      note(tallies, scenario.name, outcome);
      const end = outcome.late === null ? "" : `, went back ${Math.round(outcome.late)} ms late`;
      console.log(`${what} -> ${outcome.inForce}${outcome.died === null ? ", not met" : ""}${end}`);
    } catch (error) {
      broken += 1;
      console.log(`BROKEN ${what}\n${error instanceof Error ? error.stack : error}`);
      await scene.killAll();
      server = null;
    }
  }
  const rows = [...tallies].map(([name, { late, ...rest }]) => [
    name,
    { ...rest, latestMs: late.sort((a, b) => a - b).at(-1) ?? null },
  ]);
  console.table(Object.fromEntries(rows));
  return broken;
}

const backend = values.backend === "legacy" ? "legacy" : "nft";
const scene = makeScene(backend);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void scene.remove().then(() => process.exit(130)));
}
try {
  const { looks: found, server } = await looks(scene);
  const [kills, up] = await allKills(scene, server);
  const chosen = spread(kills, Number(values.runs ?? kills.length));
  console.log(`${backend}: ${chosen.length} of ${kills.length} kills`);
  const broken = await runAll(scene, found, up, chosen);
  console.log(`${backend}: ${chosen.length} runs, ${broken} broke a promise`);
  process.exitCode = broken === 0 ? 0 : 1;
} finally {
  await scene.remove();
}
