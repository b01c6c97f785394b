/** What `read` tells beside the state: counters in its order, what stands beside our jumps, IPVS. */
import { describe, expect, test } from "vitest";
import { parseIpvs } from "../src/ipvs.ts";
import { BACKENDS, makeLab, program } from "./lab.ts";

const TWO = `flow ssh permit
  match proto tcp dst 192.168.0.1 dstport 22
  match proto udp dst 192.168.0.1 dstport 22
flow dns permit match proto udp dst 192.168.0.1 dstport 53`;

describe.each(BACKENDS)("%s", (backend) => {
  test("counters stand beside the rules that count", async () => {
    const lab = await makeLab(backend);
    await lab.ns.wire("eth0", ["192.168.0.1/24"]);
    await lab.kernel.apply(program(TWO));
    const packet = { family: 4, proto: 17, src: 0xc0a80009n, dst: 0xc0a80001n, srcport: 4000 } as const;
    await lab.ns.inject("eth0", [
      { ...packet, dstport: 22 },
      { ...packet, dstport: 53 },
      { ...packet, dstport: 53 },
    ]);
    const { state, counted } = await lab.kernel.read();
    const packets = Object.fromEntries(
      state.ip.chains.map(({ name }, at) => [name, counted.ip.chains[at]?.map((one) => one.packets)]),
    );
    expect(packets).toMatchObject({ "@ssh": [0, 1], "@dns": [2] });
    const [prerouting] = counted.ip.hooks;
    expect(state.ip.hooks[0]?.chain).toBe("PREROUTING");
    expect(prerouting?.packets).toBeGreaterThanOrEqual(3);
    expect(prerouting).toMatchObject({ before: 0, behind: 0 });
    expect(counted.ip6?.chains).toHaveLength(state.ip6?.chains.length ?? -1);
  });

  test("rules of others before and behind our jump are counted", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(TWO));
    const other = ["-p", "sctp", "-j", "RETURN"];
    await lab.ns.must([lab.iptables, "-w", "5", "-t", "mangle", "-I", "PREROUTING", ...other]);
    for (const port of ["1", "2"])
      await lab.ns.must([
        ...[lab.iptables, "-w", "5", "-t", "mangle", "-A", "PREROUTING"],
        ...["-p", "tcp", "--dport", port, "-j", "RETURN"],
      ]);
    const { counted, foreignBehind } = await lab.kernel.read();
    expect(counted.ip.hooks[0]).toMatchObject({ before: 1, behind: 2 });
    expect(foreignBehind).toEqual({ ip: 2, ip6: 0 });
  });

  test("ip rules and routes that are printed again are the same value, and others where anybody has changed one", async () => {
    const lab = await makeLab(backend);
    const ip = (...argv: string[]) => lab.ns.must(["ip", ...argv]);
    await ip("link", "set", "lo", "up");
    await lab.kernel.apply(program("flow mail director mx match proto tcp dst 192.168.0.2 dstport 25"));
    const routing = async () => {
      const { ipRules, routes } = (await lab.kernel.read("last")).state.ip;
      return { ipRules, routes };
    };
    const first = await routing();
    expect(first).toMatchObject({ ipRules: [{ mark: 0x100 }], routes: [{ destination: "192.168.0.2" }] });
    const again = await routing();
    expect(again.ipRules).toBe(first.ipRules);
    expect(again.routes).toBe(first.routes);
    const [route] = first.routes;
    await ip("route", "del", "local", "192.168.0.2", "table", String(route?.table));
    expect(await routing()).toEqual({ ...first, routes: [] });
    await ip("rule", "del", "fwmark", "0x100/0xff00");
    expect(await routing()).toEqual({ ipRules: [], routes: [] });
    await lab.kernel.apply(program("flow mail director mx match proto tcp dst 192.168.0.2 dstport 25"));
    expect(await routing()).toEqual(first);
  });

  test("this kernel has no IPVS, and says so", async () => {
    const lab = await makeLab(backend);
    const { ipvs } = await lab.kernel.read();
    expect("services" in ipvs ? ipvs.services : ipvs.absent).toEqual(
      "services" in ipvs ? [] : "this kernel has no IPVS now: there is no /proc/net/ip_vs",
    );
  });

  test("the command that shows our chains shows them", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(TWO));
    const { listCommand } = lab.kernel.facts;
    expect(listCommand).toBe(`ip netns exec ${lab.ns.name} ${lab.iptables} -t mangle -L -v -n`);
    expect(await lab.ns.must(listCommand.split(" ").slice(4))).toContain("Chain @ssh (1 references)");
  });
});

test("services by mark with their servers; others are passed over", () => {
  const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A80001:0050 rr 
  -> C0A8010B:0050      Masq    1      0          0         
FWM  00000100 wlc persistent 300 FFFFFFFF
  -> C0A8010A:0050      Masq    1      3          0         
  -> C0A8010C:0000      Route   0      0          0         
FWM  00000100 rr 
  -> [fd00:0000:0000:0001:0000:0000:0000:0010]:0019      Tunnel  5      0          0         
  -> [fd00:0000:0000:0001:0000:0000:0000:0011]:0000      Masq    1      0          0         
FWM  0000FF00 rr ops 
`;
  expect(parseIpvs(text)).toEqual([
    {
      mark: 0x100,
      family: "ip",
      scheduler: "wlc",
      servers: [
        { address: "192.168.1.10:80", forward: "Masq", weight: 1 },
        { address: "192.168.1.12", forward: "Route", weight: 0 },
      ],
    },
    {
      mark: 0x100,
      family: "ip6",
      scheduler: "rr",
      servers: [
        { address: "[fd00:0:0:1::10]:25", forward: "Tunnel", weight: 5 },
        { address: "fd00:0:0:1::11", forward: "Masq", weight: 1 },
      ],
    },
    { mark: 0xff00, family: null, scheduler: "rr", servers: [] },
  ]);
});
