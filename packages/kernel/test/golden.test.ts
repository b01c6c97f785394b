/**
 * The golden files of the compiler, in the real kernel: each is applied on top of the one before, in the order of
 * their names and in a random order, and each time the kernel's own text is the golden text, byte for byte.
 * `FLOWMGR_SEED=number` repeats a random order.
 */
import {
  assignMarks,
  compile,
  describeIpRule,
  describeRoute,
  normaliseRule,
  OUR_PRIORITY,
  OUR_PROTOCOL,
  OUR_TABLES,
} from "@flowmgr/flow-compiler";
import { checkText } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { type Golden, loadGoldens } from "../../flow-compiler/test/golden.ts";
import { BACKENDS, type Lab, makeLab, plain } from "./lab.ts";

const SEED = Number(process.env.FLOWMGR_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Milliseconds: some fifty applies, each read back, on a machine that is busy. */
const PATIENCE = 300_000;

function programOf({ config: text, options }: Golden) {
  const { config } = checkText(text);
  const assigned = assignMarks(config, { directors: {}, tables: {} }, options);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, options);
}

/** The golden sections, as the kernel tells them. */
async function fromKernel({ ns, iptables, ip6tables }: Lab): Promise<Pick<Golden, "ip" | "ip6" | "routing">> {
  const [ip, ip6, routing4, routing6] = await Promise.all([
    mangle(iptables),
    mangle(ip6tables),
    routing("-4", "ip"),
    routing("-6", "ip -6"),
  ]);
  return { ip, ip6, routing: [...routing4, ...routing6].join("") };

  async function mangle(tool: string): Promise<string> {
    const text = plain(await ns.must([`${tool}-save`, "-t", "mangle"])).replace(/^:[A-Z]+ ACCEPT .*\n/gm, "");
    // With the package netbase, iptables-save prints names for protocols that it does not know by itself.
    const lines = text.split("\n").map((line) => normaliseRule(line, tool === ip6tables ? "ip6" : "ip"));
    return text === "*mangle\nCOMMIT\n" ? "" : lines.join("\n");
  }

  async function routing(family: string, command: string): Promise<string[]> {
    const rules: { protocol?: string; priority: number; fwmark: string; fwmask: string; table: string }[] =
      JSON.parse(await ns.must(["ip", family, "-N", "-json", "rule"]));
    const ours = rules.filter((rule) => rule.protocol === String(OUR_PROTOCOL));
    expect(ours.every((rule) => rule.priority === OUR_PRIORITY)).toBe(true);
    const routes = await ns.must(["ip", family, "-N", "-o", "route", "show", "table", "all"]);
    const tables = [...new Set(ours.map(({ table }) => Number(table)))];
    return [
      ...ours.map(
        ({ fwmark, fwmask, table }) =>
          `${command} rule add ${describeIpRule({ mark: Number(fwmark), mask: Number(fwmask), table: Number(table) })}\n`,
      ),
      ...tables
        .filter((table) => table >= OUR_TABLES.first)
        .flatMap((table) =>
          [...routes.matchAll(new RegExp(`^2 (\\S+) dev lo table ${table} `, "gm"))].map(([, found = ""]) => {
            const everything = family === "-4" ? "0.0.0.0/0" : "::/0";
            const destination = found === "default" ? everything : found;
            return `${command} route add ${describeRoute({ destination, table })}\n`;
          }),
        ),
    ];
  }
}

const byLine = (text: string) => text.split("\n").sort();

/** A walk that the seed decides (mulberry32), so that a failure can be repeated. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const result = [...list];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}

async function walk(lab: Lab, goldens: readonly Golden[]): Promise<void> {
  for (const golden of goldens) {
    await lab.kernel.apply(programOf(golden));
    const found = await fromKernel(lab);
    expect(found, golden.name).toMatchObject({ ip: golden.ip, ip6: golden.ip6 });
    // The kernel sorts by priority and by address; equal ones stand in the order in which they came.
    expect(byLine(found.routing), golden.name).toEqual(byLine(golden.routing));
  }
}

describe.each(BACKENDS)("%s", (backend) => {
  const goldens = loadGoldens();

  // Both at once, each in a namespace of its own: most of the time goes into waiting for the kernel.
  test(`in order, and in random order, FLOWMGR_SEED=${SEED}`, { timeout: PATIENCE }, async () => {
    expect(goldens.length).toBeGreaterThan(20);
    const [one, two] = [await makeLab(backend), await makeLab(backend)];
    await Promise.all([walk(one, goldens), walk(two, shuffled(goldens, SEED))]);
  });
});
