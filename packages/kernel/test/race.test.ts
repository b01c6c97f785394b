/**
 * Another program writes to the same table with iptables-restore while we apply: it loses nothing, and neither do we.
 *
 * With the nft back end the kernel refuses what was computed from a table that is gone, and the tools try again; the
 * legacy back end writes whole tables and relies on everybody's taking the lock of xtables.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BACKENDS, type Lab, makeLab, program, scratch } from "./lab.ts";

/** How often we apply beside the writers. */
const APPLIES = Number(process.env.FLOWMGR_APPLIES ?? 5);

const flows = (action: string, from: number) =>
  Array.from({ length: 20 }, (_, at) => `flow f${from + at} ${action} match proto tcp dstport ${at + 1}`);
const PROGRAMS = [program(flows("permit", 0).join("\n")), program(flows("deny", 10).reverse().join("\n"))];

/**
 * One rule after the other into a chain of its own and behind our jump, as long as the file is there; says `ok` or
 * `failed` of each. Bounded, so that it ends even when nobody is left to end it.
 */
const WRITER = `n=0
while [ -e "$2" ] && [ $n -lt 3000 ]; do
  n=$((n + 1))
  if printf '*mangle\\n-A theirs -m mark --mark %s\\n-A PREROUTING -m mark --mark %s\\nCOMMIT\\n' $n $n |
    "$1-restore" --noflush -w 30 2> /dev/null
  then echo "ok $n"; else echo "failed $n"; fi
done`;

type Written = { ok: number[]; failed: number[] };

/** Writers in both families, beside `work`; what each of them wrote. */
async function beside({ ns, iptables, ip6tables }: Lab, environment: string[], work: () => Promise<void>) {
  const going = join(scratch(), "going");
  writeFileSync(going, "");
  const tools = [iptables, ip6tables];
  for (const tool of tools) await ns.must([tool, "-w", "5", "-t", "mangle", "-N", "theirs"]);
  const writers = tools.map((tool) =>
    ns.must(["env", ...environment, "sh", "-c", WRITER, "sh", tool, going], { limit: 600_000 }),
  );
  try {
    await work();
  } finally {
    rmSync(going);
  }
  const said = await Promise.all(writers);
  return said.map((text): Written => {
    const of = (word: string) =>
      [...text.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map((found) => Number(found[1]));
    return { ok: of("ok"), failed: of("failed") };
  });
}

/** The rules of a writer that stand in a chain, by their number. */
async function standing({ ns }: Lab, tool: string, chain: string): Promise<number[]> {
  const saved = await ns.must([`${tool}-save`, "-t", "mangle"]);
  return [...saved.matchAll(new RegExp(`^-A ${chain} -m mark --mark (\\S+)$`, "gm"))].map((found) =>
    Number(found[1]),
  );
}

describe.each(BACKENDS)("%s", (backend) => {
  test("beside writers that take the lock, nobody loses anything", { timeout: 900_000 }, async () => {
    const lab = await makeLab(backend);
    const written = await beside(lab, [], async () => {
      for (let at = 0; at < APPLIES; at += 1) {
        const wanted = PROGRAMS[at % 2];
        if (wanted) expect(await lab.kernel.apply(wanted)).toMatchObject({ changed: true });
      }
    });
    for (const [at, tool] of [lab.iptables, lab.ip6tables].entries()) {
      const { ok = [], failed } = written[at] ?? {};
      expect(ok.length).toBeGreaterThan(APPLIES);
      expect(failed).toEqual([]);
      for (const chain of ["theirs", "PREROUTING"]) expect(await standing(lab, tool, chain)).toEqual(ok);
    }
    const last = PROGRAMS[(APPLIES - 1) % 2];
    if (last) expect(await lab.kernel.apply(last)).toMatchObject({ changed: false });
  });
});

/**
 * As a program in a container does that does not see /run/xtables.lock. Nothing can be promised of what it loses; an
 * apply of ours says whether its rules are in force, and the next one that is left alone puts them there.
 */
test("legacy, beside writers that do not take the lock: what is lost is told, not silent", {
  timeout: 900_000,
}, async () => {
  const lab = await makeLab("legacy");
  let refused = 0;
  const written = await beside(lab, [`XTABLES_LOCKFILE=${join(scratch(), "lock")}`], async () => {
    for (let at = 0; at < APPLIES; at += 1) {
      const wanted = PROGRAMS[at % 2];
      if (wanted) await lab.kernel.apply(wanted).catch(() => (refused += 1));
    }
  });
  const [one] = PROGRAMS;
  if (one) await lab.kernel.apply(one);
  expect(await lab.kernel.apply(one ?? program(""))).toMatchObject({ changed: false });
  for (const [at, tool] of [lab.iptables, lab.ip6tables].entries()) {
    const { ok = [], failed = [] } = written[at] ?? {};
    const there = new Set(await standing(lab, tool, "theirs"));
    const lost = ok.filter((each) => !there.has(each)).length;
    console.log(
      `${tool}: ${ok.length} writes, ${lost} lost, ${failed.length} refused; ${refused} of ${APPLIES} applies refused`,
    );
  }
});
