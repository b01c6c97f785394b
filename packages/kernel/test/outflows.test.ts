/** What the machine sends itself: routed by the table that an outflow names, denied, and spared. */
import { describe, expect, test } from "vitest";
import { makeGateway, send } from "./gateways.ts";
import { BACKENDS, type Lab, makeLab, program } from "./lab.ts";

const TARGETS = ["198.51.100.7", "2001:db8:7::7"];

/** Two ways out: to the first gateway, where the main table leads, and to the second, where table 100 does. */
async function makeWays(lab: Lab) {
  const first = await makeGateway(lab, "first", 1);
  const second = await makeGateway(lab, "second", 2);
  const route = (family: string, via: string, table: string) =>
    lab.ns.must(["ip", family, "route", "add", "default", "via", via, "table", table]);
  await route("-4", first.ipv4, "main");
  await route("-6", first.ipv6, "main");
  await route("-4", second.ipv4, "100");
  await route("-6", second.ipv6, "100");
  return { first, second };
}

describe.each(BACKENDS)("%s", (backend) => {
  test("an outflow's table sends the machine's own packets out of the other gateway", async () => {
    const lab = await makeLab(backend);
    const { first, second } = await makeWays(lab);
    const networks = "{ 198.51.100.0/24, 2001:db8:7::/48 }";
    await lab.kernel.apply(program(`outflow mail table 100 match proto udp dst ${networks} dstport 25`));
    for (const host of TARGETS) {
      for (const port of [25, 26]) expect(await send(lab, port, host)).toBe("sent");
    }
    await expect.poll(() => second.arrivals()).toEqual(["4 25", "6 25"]);
    await expect.poll(() => first.arrivals()).toEqual(["4 26", "6 26"]);

    await lab.kernel.apply(program(""));
    for (const host of TARGETS) expect(await send(lab, 25, host)).toBe("sent");
    await expect.poll(() => first.arrivals()).toEqual(["4 25", "4 26", "6 25", "6 26"]);
    expect(await second.arrivals()).toEqual(["4 25", "6 25"]);
  });

  test("a deny of everything stops what is sent, and spares lo and neighbour discovery", async () => {
    const lab = await makeLab(backend);
    const { first } = await makeWays(lab);
    await lab.kernel.apply(program("outflow web permit match dstport 80\noutflow all deny match"));
    await lab.ns.must(["ip", "-6", "neighbour", "flush", "all"]);
    for (const host of TARGETS) {
      expect(await send(lab, 80, host)).toBe("sent");
      expect(await send(lab, 81, host)).toBe("EPERM");
    }
    for (const host of ["127.0.0.1", "::1"]) expect(await send(lab, 81, host)).toBe("sent");
    // The gateway's address had to be asked for, which the deny lets pass.
    await expect.poll(() => first.arrivals()).toEqual(["4 80", "6 80"]);
  });
});
