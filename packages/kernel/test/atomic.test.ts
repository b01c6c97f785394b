/**
 * A switch under traffic: every packet is judged by the old config or by the new one, never by a mix or by none.
 *
 * `FLOWMGR_SWITCHES=1000` makes it longer; the rate that was reached is printed.
 */
import { describe, expect, test } from "vitest";
import { BACKENDS, type Lab, makeLab, wrappers } from "./lab.ts";
import { NONE, PROGRAMS, sum, underTraffic } from "./witness.ts";

/** Of each back end; both families switch in each of them. */
const SWITCHES = Number(process.env.FLOWMGR_SWITCHES ?? 6);
/** The least that must come by while a switch is made, or the test proves little: a tenth of the least rate. */
const PACKETS_PER_SWITCH = 1000;

/** The two configs in turn. */
function alternate(lab: Lab, switches: number) {
  const [one, other] = PROGRAMS;
  return underTraffic(lab, async () => {
    for (let at = 0; at < switches; at += 1) await lab.kernel.apply(at % 2 === 0 ? one : other);
  });
}

describe.each(BACKENDS)("%s", (backend) => {
  test(`${SWITCHES} switches, and no packet judged by a mix or by none`, {
    timeout: 60_000 + SWITCHES * 10_000,
  }, async () => {
    const { sent, came, during, marks, wrong } = await alternate(await makeLab(backend), SWITCHES);
    const rate = Math.round(sent.packets / sent.seconds);
    console.log(`${backend}: ${SWITCHES} switches under ${during} packets, ${rate} a second`);
    expect(wrong).toEqual([NONE, NONE]);
    expect(came).toBe(sent.packets);
    expect(during / SWITCHES).toBeGreaterThan(PACKETS_PER_SWITCH);
    // Each config had its turn.
    expect(marks.flat().every((count) => count > 0)).toBe(true);
  });

  test("a switch in two steps would be seen", async () => {
    const lab = await makeLab(backend);
    const tools = wrappers();
    for (const tool of [lab.iptables, lab.ip6tables]) {
      const real = `/usr/sbin/${tool}-restore`;
      // The main chain is emptied in a COMMIT of its own, long enough before the one that fills it.
      const pause = 'print "COMMIT"; system("sleep 0.2"); print "*mangle"; seen = 1';
      const steps = `awk '/^-A FLOWS / && !seen { ${pause} } { print }'`;
      tools.wrap(`${tool}-restore`, `${steps} | ${real} "$@"; exit`);
    }
    const { wrong } = await alternate(lab, 2);
    for (const family of wrong) expect(sum(Object.values(family))).toBeGreaterThan(0);
  });
});
