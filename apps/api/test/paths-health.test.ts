/** Each line of a path's health over made-up machines: what is there, what is missing, what cannot be known. */
import { compile } from "@flowmgr/flow-compiler";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import type { IpvsService, Reading } from "@flowmgr/kernel";
import { describe, expect, test } from "vitest";
import { directors } from "../src/paths/directors.ts";
import { tables } from "../src/paths/tables.ts";
import type { World } from "../src/paths/world.ts";
import { config, holding, line, OPTIONS, world } from "./machine-as-data.ts";

describe("directors", () => {
  const MAIL = "flow mail director pool\n  match proto tcp dst 10.1.1.1 dstport 25\n";
  const OWN = "flow mail director pool\n  match proto tcp dst 192.168.0.1 dstport 25\n";
  const EVERYWHERE = "flow mail director pool\n  match proto tcp dstport 25\n";
  const TABLE = 0x666c_0001;
  const service = (servers: IpvsService["servers"], mark = 0x100): IpvsService => ({
    mark,
    family: servers.length === 0 ? null : "ip",
    scheduler: "wlc",
    servers,
  });
  const ipvs =
    (...services: IpvsService[]) =>
    (reading: Reading) => {
      reading.ipvs = { services };
    };
  const server = (weight: number) => ({ address: "192.168.1.10:25", forward: "Masq", weight });

  const rows: [what: string, text: string, change: (reading: Reading) => void, expected: string][] = [
    [
      "source check",
      MAIL,
      (reading) => {
        const set = ["net.ipv4.conf.all.src_valid_mark=0"];
        reading.eaten = [
          { table: TABLE, iface: "eth0", what: "packets", set },
          { table: TABLE + 1, iface: "eth1", what: "packets", set },
        ];
      },
      `warning: IPv4 packets of table ${TABLE} that come in by eth0 are dropped: the kernel's check of sources asks that table too (src_valid_mark), which leads elsewhere: sysctl -w net.ipv4.conf.all.src_valid_mark=0`,
    ],
    ["mark", MAIL, () => {}, "ok: packets of its flows get mark 0x100"],
    [
      "mark",
      MAIL,
      ({ state }) => {
        for (const chain of state.ip.chains) if (chain.name === "@mail") chain.rules = [];
      },
      "error: chain @mail is not as it should be, so packets miss mark 0x100; repair puts it right",
    ],
    [
      "mark",
      MAIL,
      ({ state }) => {
        state.ip.hooks = [];
      },
      "error: chain PREROUTING is not as it should be, so packets miss mark 0x100; repair puts it right",
    ],
    [
      "mark",
      MAIL,
      ({ state }) => {
        state.ip.hooks = state.ip.hooks.filter(({ chain }) => chain !== "INPUT");
      },
      "warning: chain INPUT is not as it should be, so IPVS, which compares the whole mark, misses packets in which others have set bits; repair puts it right",
    ],
    ["ip rule", MAIL, () => {}, `ok: IPv4: fwmark 0x100/0xff00 lookup ${TABLE} is there`],
    [
      "ip rule",
      MAIL,
      ({ state }) => {
        state.ip.ipRules = [];
      },
      `error: IPv4: fwmark 0x100/0xff00 lookup ${TABLE} is missing, so the mark leads nowhere; repair puts it back`,
    ],
    ["local route", MAIL, () => {}, `ok: IPv4: 10.1.1.1 is local in table ${TABLE}`],
    [
      "local route",
      MAIL,
      ({ state }) => {
        state.ip.routes = [];
      },
      `error: IPv4: 10.1.1.1 is not local in table ${TABLE}, so IPVS never sees the packets; repair puts it back`,
    ],
    [
      "local route",
      OWN,
      ({ state }) => {
        state.ip.routes = [];
      },
      `warning: IPv4: 192.168.0.1 is missing in table ${TABLE}; packets arrive all the same, since this machine has the address`,
    ],
    ["service", MAIL, () => {}, "unknown: this kernel has no IPVS, so its services are not known"],
    [
      "service",
      MAIL,
      ipvs(service([], 0x200)),
      "error: IPVS has no service for mark 256 (0x100): ipvsadm -A -f 256 -s wlc",
    ],
    ["service", MAIL, ipvs(service([])), "ok: IPVS has 1 service for mark 256 (0x100), scheduler wlc"],
    [
      "service",
      EVERYWHERE,
      ipvs(service([server(1)])),
      "warning: IPVS has 1 service for mark 256 (0x100), scheduler wlc, for IPv4; IPv6 needs one of its own: ipvsadm -A -f 256 -6 -s wlc",
    ],
    [
      "service",
      EVERYWHERE,
      ipvs(service([])),
      "warning: IPVS has 1 service for mark 256 (0x100), scheduler wlc; IPv4 and IPv6 need one each: ipvsadm -A -f 256 -6 -s wlc",
    ],
    [
      "service",
      MAIL,
      ipvs({ ...service([{ address: "fd00::10", forward: "Masq", weight: 1 }]), family: "ip6" }),
      "warning: IPVS has 1 service for mark 256 (0x100), scheduler wlc; IPv4 needs one of its own: ipvsadm -A -f 256 -s wlc",
    ],
    [
      "servers",
      MAIL,
      ipvs(service([])),
      "error: the service has no servers: ipvsadm -a -f 256 -r ADDRESS -m",
    ],
    [
      "servers",
      MAIL,
      ipvs(service([server(0)])),
      "error: all servers have weight 0, so none gets new connections: 192.168.1.10:25 (Masq, every port becomes 25, weight 0)",
    ],
    [
      "servers",
      MAIL,
      ipvs(service([server(0), server(1)])),
      "warning: 1 of 2 servers get no new connections, weight 0: 192.168.1.10:25 (Masq, every port becomes 25, weight 0)",
    ],
    [
      "servers",
      MAIL,
      ipvs(service([server(1)])),
      "ok: 1 server: 192.168.1.10:25 (Masq, every port becomes 25, weight 1)",
    ],
  ];
  test.each(rows)("%s of %j: %s", (what, text, change, expected) => {
    const [pool] = directors(world(text, change));
    expect(line(pool?.health, what)).toBe(expected);
  });

  test("both families are told apart", () => {
    const [pool] = directors(world(EVERYWHERE));
    expect(pool?.health.filter(({ what }) => what === "ip rule").map(({ text }) => text.slice(0, 4))).toEqual(
      ["IPv4", "IPv6"],
    );
  });

  test("one that only the draft names has no mark yet, one that only the config in force names is there", () => {
    const draft =
      "flow web director farm\n  match proto tcp dstport 80\nflow off skip director farm\n  match\n";
    const found = directors(world(MAIL, undefined, draft));
    expect(found.map(({ name, mark, inForce }) => ({ name, mark, inForce }))).toEqual([
      { name: "farm", mark: null, inForce: false },
      { name: "pool", mark: "0x100", inForce: true },
    ]);
    expect(found[0]?.usedBy).toEqual([
      { flow: "web", on: true },
      { flow: "off", on: false },
    ]);
    expect(found[0]?.health).toEqual([
      { what: "mark", state: "off", text: "gets its mark at the next apply" },
    ]);
    expect(found[1]?.usedBy).toEqual([]);
  });

  test("a flow that is off keeps the mark, and nothing is missing", () => {
    const [pool] = directors(world("flow mail skip director pool\n  match proto tcp dstport 25\n"));
    expect(pool).toMatchObject({ mark: "0x100", inForce: true, usedBy: [{ flow: "mail", on: false }] });
    expect(pool?.health).toEqual([
      {
        what: "mark",
        state: "off",
        text: "keeps mark 0x100; no flow that is applied and on sends packets to it",
      },
    ]);
  });

  test("names that objects of the language itself have are names", () => {
    const found = directors(
      world("flow a director constructor\n  match\nflow b director __proto__\n  match\n"),
    );
    expect(found.map(({ name, mark }) => [name, mark])).toEqual([
      ["constructor", "0x100"],
      ["__proto__", "0x200"],
    ]);
  });
});

describe("tables", () => {
  const WEB = "flow web table uplink\n  match proto tcp dst 10.0.0.0/8 dstport 80\n";
  const find = (found: ReturnType<typeof tables>, name: string) => found.find((table) => table.name === name);

  test("by name and by number it is one table, as first written", () => {
    const found = tables(world(`${WEB}outflow up table 77\n  match\n`));
    expect(found.filter(({ number }) => number === 77)).toMatchObject([
      {
        name: "uplink",
        mark: "0x100",
        inForce: true,
        routes: { ip: 1, ip6: 0 },
        usedBy: [{ flow: "web" }, { flow: "up" }],
      },
    ]);
  });

  const rows: [what: string, change: (reading: Reading) => void, expected: string][] = [
    ["mark", () => {}, "ok: packets of its flows get mark 0x100"],
    ["ip rule", () => {}, "ok: IPv4: fwmark 0x100/0xff00 lookup 77 is there"],
    [
      "ip rule",
      ({ state }) => {
        state.ip.ipRules = [];
      },
      "error: IPv4: fwmark 0x100/0xff00 lookup 77 is missing, so the mark leads nowhere; repair puts it back",
    ],
    ["table", () => {}, "ok: table 77 holds 1 IPv4 route and 0 IPv6 routes"],
    [
      "table",
      (reading) => {
        reading.routesIn = {};
      },
      "warning: table 77 is empty, so its packets go by the next ip rule: ip route add default via ADDRESS table 77",
    ],
    [
      "table",
      (reading) => {
        reading.routesIn = { 77: { ip: 0, ip6: 3 } };
      },
      "warning: table 77 holds 0 IPv4 routes and 3 IPv6 routes, so IPv4 packets of its flows go by the next ip rule",
    ],
    [
      "source check",
      (reading) => {
        reading.eaten = [
          { table: 77, iface: "eth1", what: "answers", set: ["net.ipv4.conf.eth1.rp_filter=2"] },
        ];
      },
      "warning: IPv4 answers to packets of table 77 that come in by eth1 are dropped: the kernel's check of sources (rp_filter) asks the main table, which leads elsewhere: sysctl -w net.ipv4.conf.eth1.rp_filter=2",
    ],
  ];
  test.each(rows)("%s: %s", (what, change, expected) => {
    expect(line(find(tables(world(WEB, change)), "uplink")?.health, what)).toBe(expected);
  });

  test("a name that the machine does not know has no number", () => {
    const found = find(tables(world("", undefined, "flow a table nowhere\n  match\n")), "nowhere");
    expect(found).toMatchObject({
      number: null,
      mark: null,
      inForce: false,
      usedBy: [{ flow: "a", on: true }],
    });
    expect(line(found?.health, "number")).toMatch(
      /^error: this machine knows no routing table called nowhere:/,
    );
  });

  test("others that hold routes are offered, without local ones and those of our directors", () => {
    const found = tables(
      world("", (reading) => {
        reading.routesIn[0x666c_0001] = { ip: 1, ip6: 0 };
      }),
    );
    expect(found.map(({ name }) => name)).toEqual(["uplink", "main"]);
    expect(line(find(found, "main")?.health, "mark")).toBe("off: no flow uses it, so it needs no mark");
  });
});

test("nothing was ever applied: every path waits for the first apply", () => {
  const draft = config("flow mail director pool\n  match\nflow web table 77\n  match\n");
  const reading = holding(compile(EMPTY_CONFIG, { directors: {}, tables: {} }, OPTIONS));
  const nobody = { next: null, markedByHand: new Map([["later", 0x300]]) };
  const bare: World = {
    ...{ draft, running: EMPTY_CONFIG, program: null, reading, markMask: 0xff00 },
    ...nobody,
  };
  const [pool, later] = directors(bare);
  expect(pool).toMatchObject({ name: "pool", mark: null });
  expect(line(pool?.health, "mark")).toBe("off: gets its mark at the next apply");
  expect(line(later?.health, "mark")).toBe("off: mark 0x300 is kept for it; no flow of the draft names it");
  expect(tables(bare)[0]).toMatchObject({ name: "77", number: 77, mark: null, inForce: false });
});
