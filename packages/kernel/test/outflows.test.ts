/** What the machine sends itself: routed by the table that an outflow names, denied, and spared. */
import { describe, expect, test } from "vitest";
import { arrived, makeWays, send } from "./gateways.ts";
import { BACKENDS, makeLab, program } from "./lab.ts";

const TARGETS = ["198.51.100.7", "2001:db8:7::7"];

describe.each(BACKENDS)("%s", (backend) => {
  test("an outflow's table sends the machine's own packets out of the other gateway", async () => {
    const lab = await makeLab(backend);
    const { first, second } = await makeWays(lab);
    const networks = "{ 198.51.100.0/24, 2001:db8:7::/48 }";
    await lab.kernel.apply(program(`outflow mail table 100 match proto udp dst ${networks} dstport 25`));
    for (const host of TARGETS) expect(await send(lab.ns, host, [25, 26])).toEqual(["sent", "sent"]);
    await arrived(second, ["4 25", "6 25"]);
    await arrived(first, ["4 26", "6 26"]);

    await lab.kernel.apply(program(""));
    for (const host of TARGETS) expect(await send(lab.ns, host, [25])).toEqual(["sent"]);
    await arrived(first, ["4 25", "4 26", "6 25", "6 26"]);
    expect(await second.arrivals()).toEqual(["4 25", "6 25"]);
  });

  test("a deny of everything stops what is sent, and spares lo and neighbour discovery", async () => {
    const lab = await makeLab(backend);
    const { first } = await makeWays(lab);
    await lab.kernel.apply(program("outflow web permit match dstport 80\noutflow all deny match"));
    await lab.ns.must(["ip", "-6", "neighbour", "flush", "all"]);
    for (const host of TARGETS) expect(await send(lab.ns, host, [80, 81])).toEqual(["sent", "EPERM"]);
    for (const host of ["127.0.0.1", "::1"]) expect(await send(lab.ns, host, [81])).toEqual(["sent"]);
    // The gateway's address had to be asked for, which the deny lets pass.
    await arrived(first, ["4 80", "6 80"]);
  });
});
