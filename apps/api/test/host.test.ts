/** `--target host`: what is asked before, and the rules from the boot of the machine on. */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ended, type Host, makeHost } from "./host.ts";

let host: Host;
beforeEach(() => {
  host = makeHost();
});
afterEach(() => host.remove());

/** Something of every kind that can stand in the kernel: chains, sub-chains, jumps, ip rules, local routes. */
const EVERYTHING = `flow ssh permit
  match iface lo proto tcp dstport 22
flow mail director lvs
  match proto tcp dst 192.0.2.1 dstport 25
flow away table 100
  match dst 192.0.2.2
flow inet permit
  match iface eth7 proto udp dstport 53
outflow nosmtp deny
  match proto tcp dstport 25
`;

const jsonOf = (text: string): Record<string, string>[] => JSON.parse(text);

describe("asks before the first start", () => {
  it.each(["\u0004", "\u0003", "y\n"])("%j is no yes, and nothing was touched", async (typed) => {
    expect(await ended(host.atTerminal(["serve"], typed))).toMatchObject({ status: 2 });
    expect(host.inside("iptables-save")).not.toContain("FLOWS");
    expect(existsSync(join(host.data, "flowmgr.db"))).toBe(false);
  });

  it("yes at the terminal is asked for once, and names all that is touched", async () => {
    const first = await host.served(host.atTerminal(["serve"], "yes\n"));
    host.put(EVERYTHING);
    const chains = ["iptables-save", "ip6tables-save"].flatMap((tool) => host.inside(tool).split("\n"));
    const names = chains.flatMap((line) => /^:"?([^ "]+)"? - /.exec(line)?.[1] ?? []);
    // What has a flow's name, or begins with a name that is told.
    for (const name of names.filter((each) => !each.startsWith("@"))) {
      expect(first.said).toMatch(new RegExp(`\\b${/^[A-Z]+/.exec(name)?.[0]}\\b`));
    }
    expect(names).toEqual(
      expect.arrayContaining(["FLOWS", "FLOWS-lo", "OUTFLOWS", "DIRECTORS", "DEFRAGMENT"]),
    );
    for (const [line] of chains
      .join("\n")
      .matchAll(/^-A (PREROUTING|OUTPUT|INPUT|FORWARD|POSTROUTING) .*/gm)) {
      expect(first.said).toContain(line.split(" ")[1]);
      expect(line).toContain("--comment flowmgr");
      expect(first.said).toContain("the comment flowmgr");
    }
    const rules = jsonOf(host.inside("ip", "-N", "-json", "rule")).filter(({ fwmark }) => fwmark);
    for (const { protocol, priority } of rules) {
      expect(first.said).toContain(`protocol ${protocol}, priority ${priority}`);
    }
    const routes = jsonOf(host.inside("ip", "-N", "-json", "route", "show", "table", "all"));
    const [low, high] = /tables (\d+) to (\d+)/.exec(first.said)?.slice(1).map(Number) ?? [];
    // 255 is where the kernel keeps the addresses of the machine; the table main has no number here.
    const local = routes.map(({ table }) => Number(table ?? 255)).filter((table) => table !== 255);
    expect(rules.length).toBeGreaterThan(1);
    expect(local.length).toBeGreaterThan(0);
    for (const table of local) expect(table >= Number(low) && table <= Number(high)).toBe(true);
    await first.stop();

    const again = await host.served(host.command(["serve"]));
    expect(again.said).not.toContain("--target host");
    expect((await again.stop()).status).toBe(0);
  });

  it("nobody is there: refused, unless --yes, which is remembered too", async () => {
    const refused = await host.run(["serve"]);
    expect(refused).toMatchObject({
      status: 2,
      said: expect.stringContaining("give --yes if that is meant"),
    });
    // A yes that cannot be written down is no reason to end.
    symlinkSync("/proc/none", join(host.data, "host-agreed"));
    const forgetful = await host.served(host.command(["serve", "--yes"]));
    expect(forgetful.said).toContain("the next start asks again");
    await forgetful.stop();
    await (await host.served(host.command(["serve", "--yes"]))).stop();
    expect(readFileSync(join(host.data, "host-agreed"), "utf8")).toContain("PREROUTING");
  });
});

describe("boot", () => {
  /** Rules without counters, ip rules and local routes: those of the machine's own addresses come and go with it. */
  const saved = (backend = "nft") => {
    const rules = ["iptables", "ip6tables"].map((tool) =>
      host.inside(`${tool}-${backend}-save`, "-t", "mangle"),
    );
    const routing = ["-4", "-6"].flatMap((family) => [
      host.inside("ip", family, "rule"),
      host.inside("ip", family, "-N", "route", "show", "table", "all").replace(/^.*table 255 .*\n/gm, ""),
    ]);
    return [...rules, ...routing]
      .join("")
      .replace(/^#.*\n/gm, "")
      .replace(/\[\d+:\d+\]/g, "");
  };

  // What each back end needs; the units give both (systemd.test.ts starts them by systemd).
  const needed = { nft: ["net_admin"], legacy: ["net_admin", "net_raw"] } as const;
  const only = (capabilities: readonly string[]) => {
    const bounds = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
    return ["setpriv", "--no-new-privs", "--bounding-set", bounds];
  };

  it("has nothing to do on a machine where nothing was applied, whoever agreed to what", async () => {
    expect(await host.run(["boot"])).toMatchObject({ status: 0, said: expect.stringContaining("no rules") });
    expect(existsSync(join(host.data, "flowmgr.db"))).toBe(false);
  });

  it.each(["nft", "legacy"] as const)(
    "puts in all of the running revision while no interface is up, with no more rights than it needs, %s",
    async (backend) => {
      const rights = only(needed[backend]);
      const server = await host.served(host.command(["serve", "--yes", "--backend", backend], rights));
      host.put(EVERYTHING);
      const before = saved(backend);
      await server.stop();
      host.reboot();
      expect(host.inside("ip", "-br", "link", "show", "up").trim()).toBe("");
      const boot = ["boot", "--backend", backend];
      for (const lacking of needed[backend]) {
        const others = needed[backend].filter((name) => name !== lacking);
        expect(await host.run(boot, only(others)), lacking).toMatchObject({ status: 1 });
      }
      expect(await host.run(boot, rights)).toMatchObject({
        status: 0,
        said: expect.stringContaining("revision 1 is in force"),
      });
      expect(saved(backend)).toBe(before);
      expect(before).toContain("-i eth7");
      expect(before).toMatch(/ dev lo table 1718\d+ /);
    },
  );

  it("rolls back what nobody had confirmed, also before its deadline", async () => {
    const server = await host.served(host.command(["serve", "--yes"]));
    host.put("flow kept permit\n  match proto tcp\n");
    host.put("flow tried deny\n  match proto tcp\n", "?confirmWithin=3600");
    expect(saved()).toContain("@tried");
    await server.stop("SIGKILL");
    host.reboot();
    expect(await host.run(["boot"])).toMatchObject({
      status: 0,
      said: expect.stringContaining("revision 1 is in force"),
    });
    expect(saved()).toContain("@kept");
    expect(saved()).not.toContain("@tried");
  });

  it("says why the rules are not in; the server that comes later puts them in, and is left alone", async () => {
    const server = await host.served(host.command(["serve", "--yes"]));
    host.put("flow kept permit\n  match proto tcp\n");
    await server.stop();
    host.reboot();
    const failed = await host.run(
      ["boot", "--backend", "nft"],
      ["env", `PATH=${broken()}:${process.env.PATH}`],
    );
    expect(failed).toMatchObject({ status: 1, said: expect.stringContaining("not in force: ") });
    expect(failed.said).toContain("no memory left");
    const later = await host.served(host.command(["serve"]));
    expect(saved()).toContain("@kept");
    const beside = await host.run(["boot"]);
    expect(beside).toMatchObject({
      status: 1,
      said: expect.stringContaining("is in use by another flowmgr"),
    });
    await later.stop();
  });

  it("needs no room on the disk", async () => {
    const server = await host.served(host.command(["serve", "--yes"]));
    host.put(EVERYTHING);
    const before = saved();
    await server.stop();
    host.reboot();
    // The same data, on a disk without a free byte.
    const full = `mount -t tmpfs -o size=4m,mode=700 small /mnt; cp -a "$0"/. /mnt; cat /dev/zero > /mnt/fill || true
      mount --bind /mnt "$0"; exec "$@"`;
    const booted = await host.run(["boot"], ["unshare", "--mount", "sh", "-ec", full, host.data]);
    expect(booted).toMatchObject({ status: 0, said: expect.stringContaining("revision 1 is in force") });
    expect(booted.said).toContain("No space left on device");
    expect(saved()).toBe(before);
  });

  /** A directory with a restore that fails. */
  function broken(): string {
    const bin = join(host.data, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "iptables-nft-restore"), "#!/bin/sh\necho no memory left >&2\nexit 1\n");
    chmodSync(join(bin, "iptables-nft-restore"), 0o755);
    return bin;
  }
});
