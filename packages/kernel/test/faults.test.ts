/**
 * Tools that go wrong at a step: real wrappers in PATH. Whatever happens, the old rules are back, and that is read back.
 * `FLOWMGR_FAULTS=all` tries the whole table (fault-table.ts) instead of some of it.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { cells, makeBench, tryCell } from "./fault-table.ts";
import { BACKENDS, everything, makeLab, program, scratch, wrappers } from "./lab.ts";

const everyCell = process.env.FLOWMGR_FAULTS === "all";

const OLD = `flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.1.1.1 match proto tcp dst fd01::1`;
const NEW = `flow dns permit match proto udp dstport 53
flow mail director d match proto tcp dst 10.1.1.2 match proto tcp dst fd01::2
flow web table 77 match proto tcp dstport 80`;

/** The shell condition of a wrapper of `ip` that picks the batch with such a line, and keeps it for the real one. */
const batchWith = (family: string, line: string, then: string) => `
if [ "$1 $3" = "${family} -" ] && [ "$2" = "-batch" ]; then
  input=$(cat)
  case "$input" in *"${line}"*) ${then};; esac
  printf '%s\\n' "$input" | /usr/bin/env PATH=/usr/sbin:/sbin:/usr/bin:/bin ip "$@"
  exit $?
fi`;

const SAY = 'echo "out of luck" >&2; exit 1';

describe.each(BACKENDS)("%s", (backend) => {
  test(
    "every command of an apply and of the way back, wrong in every way: old or new, whole, and told so",
    async () => {
      const bench = await makeBench(backend, scratch());
      onTestFinished(() => bench.remove());
      const all = cells(bench);
      const broken: string[] = [];
      const isLookElsewhere = ({ during, at, fault, onwards }: (typeof all)[number]) =>
        bench.commands[during][at - 1]?.endsWith("_tables_names") && fault === "killed" && !onwards;
      // Prime to the number of faults, so that each command and each fault has its turn.
      const hasItsTurn = (at: number) => at % 67 === (backend === "nft" ? 3 : 25);
      const chosen = everyCell ? all : all.filter((cell, at) => hasItsTurn(at) || isLookElsewhere(cell));
      for (const cell of chosen) {
        const { during, at, fault, onwards } = cell;
        const what = `${bench.commands[during][at - 1]}: ${fault}${onwards ? ", as all behind it" : ""} (${during})`;
        const told = await tryCell(bench, cell).catch((error: unknown) => {
          broken.push(`${what}\n  ${error}`);
          return `BROKEN: ${error}`;
        });
        if (everyCell) console.log(`${what}: ${told}`);
      }
      expect(chosen.length).toBeGreaterThan(5);
      expect(broken, `of ${chosen.length}`).toEqual([]);
    },
    everyCell ? 7_200_000 : 300_000,
  );

  test("deleting what is left over fails, once: the old rules are back", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const before = await everything(lab);
    const tools = wrappers();
    const once = `${lab.dataDir}/failed`;
    tools.wrap("ip", batchWith("-4", "route delete", `if [ ! -e ${once} ]; then touch ${once}; ${SAY}; fi`));
    const error = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ oldRulesInForce: true, said: expect.stringContaining("out of luck") });
    expect(await everything(lab)).toBe(before);
  });

  test("when there is no way back either, that is said, and the next apply puts it right", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const tools = wrappers();
    const once = `${lab.dataDir}/worked`;
    // The first restore of IPv4 works, its way back does not; the one of IPv6 never does.
    tools.wrap(`${lab.iptables}-restore`, `if [ -e ${once} ]; then ${SAY}; fi; touch ${once}`);
    tools.wrap(`${lab.ip6tables}-restore`, SAY);
    const error = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ oldRulesInForce: false });
    expect(String(error)).toContain("going back failed too");
    tools.wrap(`${lab.iptables}-restore`, "");
    tools.wrap(`${lab.ip6tables}-restore`, "");
    const fresh = await makeLab(backend);
    await fresh.kernel.apply(program(OLD));
    await (await lab.reopen()).apply(program(OLD));
    expect(await everything(lab)).toBe(await everything(fresh));
  });
});
