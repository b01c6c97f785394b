/** flowmgr uninstall: all that is ours out of the kernel, nothing else, whatever became of the data directory. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { uninstall } from "../src/uninstall.ts";
import { ended, type Host, makeHost } from "./host.ts";
import { labSettings, makePlace, type Place, startLab } from "./lab.ts";

const CONFIG = `flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.9.9.9 dstport 25 match proto tcp dst fd09::9
outflow office table 77 match proto tcp dst 10.7.0.0/16`;

/** All that the kernel holds, in both back ends, without counters and times. */
function everything({ inside }: Pick<Host, "inside">): string {
  const tools = ["iptables", "ip6tables"].flatMap((tool) =>
    ["nft", "legacy"].map((backend) => [`${tool}-${backend}-save`]),
  );
  const routing = ["-4", "-6"].flatMap((family) => [
    ["ip", family, "-d", "rule"],
    ["ip", family, "-d", "route", "show", "table", "all"],
  ]);
  const texts = [...tools, ...routing].map((words) => inside(...words).replace(/^#.*\n|\[\d+:\d+\] ?/gm, ""));
  return texts.join("");
}

/** Things of others that are near ours, before and behind our jumps; with them the tables, which nobody can take away. */
function furnish({ inside }: Pick<Host, "inside">): void {
  for (const tool of ["iptables", "ip6tables"]) {
    for (const backend of ["nft", "legacy"]) {
      const add = (...words: string[]) => inside(`${tool}-${backend}`, "-w", "5", "-t", "mangle", ...words);
      add("-N", "@theirs");
      add("-A", "@theirs", "-m", "comment", "--comment", "flowmgr", "-j", "ACCEPT");
      add("-A", "PREROUTING", "-p", "tcp", "-j", "@theirs");
      add("-A", "INPUT", "-m", "comment", "--comment", "flowmgr");
    }
  }
  for (const family of ["-4", "-6"]) {
    inside("ip", family, "rule", "add", "fwmark", "0x2/0x2", "lookup", "77", "protocol", "71");
    inside("ip", family, "route", "add", "blackhole", "default", "table", "77");
  }
}

const ip = (...words: string[]) => execFileSync("ip", words, { encoding: "utf8" });

/** A namespace of others, furnished, and a place on it. */
function makeFurnished() {
  const place = makePlace();
  ip("netns", "add", place.namespace);
  onTestFinished(async () => {
    ip("netns", "delete", place.namespace);
    await place.remove();
  });
  const inside = (...words: string[]) => ip("netns", "exec", place.namespace, ...words);
  inside("ip", "link", "set", "lo", "up");
  furnish({ inside });
  return { place, inside, before: everything({ inside }) };
}

async function serveAndPut(place: Place, flags: string[] = []): Promise<void> {
  const lab = await startLab({ place, flags });
  expect(await lab.call("PUT", "/config", { body: CONFIG })).toMatchObject({ status: 200 });
  await lab.stop();
}

describe("in a namespace that others made it stays, and what is theirs, byte for byte", () => {
  it.each(["nft", "legacy"])("%s; twice is fine", async (backend) => {
    const { place, inside, before } = makeFurnished();
    await serveAndPut(place, ["--backend", backend]);
    expect(everything({ inside })).not.toBe(before);
    const [ip4, ip6, ...left] = await uninstall(labSettings(place));
    expect(everything({ inside })).toBe(before);
    expect(ip4).toBe(`IPv4, ${backend}: removed 7 chains, 3 jumps, 2 ip rules, 1 local route`);
    expect(ip6).toBe(`IPv6, ${backend}: removed 6 chains, 3 jumps, 1 ip rule, 1 local route`);
    expect(left.join("\n")).toContain(`to be rid of it: rm -r ${place.data}`);
    expect(readdirSync(place.data)).toContain("flowmgr.db");
    const again = await uninstall(labSettings(place));
    const nothing = `nothing of flowmgr stands in network namespace ${place.namespace}`;
    expect(again[0]).toBe(`${nothing}; for this machine's own network add --target host`);
    expect(everything({ inside })).toBe(before);
  });

  it("without the data directory too, in both back ends", async () => {
    const { place, inside, before } = makeFurnished();
    await serveAndPut(place, ["--backend", "legacy"]);
    const saved = ["iptables-legacy", "ip6tables-legacy"].map(
      (tool) => [tool, inside(`${tool}-save`)] as const,
    );
    rmSync(place.data, { recursive: true });
    // Rules that were saved come back, as at a start of the machine.
    await serveAndPut(place, ["--backend", "nft"]);
    for (const [tool, text] of saved) {
      execFileSync("ip", ["netns", "exec", place.namespace, `${tool}-restore`], { input: text });
    }
    rmSync(place.data, { recursive: true });
    const lines = await uninstall(labSettings(place));
    expect(everything({ inside })).toBe(before);
    expect(lines.map((line) => line.split(":")[0]).sort()).toEqual([
      "IPv4, legacy",
      "IPv4, nft",
      "IPv6, legacy",
      "IPv6, nft",
    ]);
    expect(existsSync(place.data)).toBe(false);
  });

  it("says who holds on to a chain of ours, and leaves the rules in force", async () => {
    const { place, inside } = makeFurnished();
    await serveAndPut(place, ["--backend", "nft"]);
    inside("iptables-nft", "-t", "mangle", "-A", "FORWARD", "-j", "@ssh");
    const before = everything({ inside });
    await expect(uninstall(labSettings(place))).rejects.toThrow(
      /chain FORWARD, which is not ours, leads to @ssh.* call flowmgr uninstall again$/,
    );
    expect(everything({ inside })).toBe(before);
  });
});

it("a namespace that we made goes, with its small world", async () => {
  const place = makePlace();
  onTestFinished(() => place.remove());
  await serveAndPut(place);
  const { namespace } = place;
  const lines = await uninstall(labSettings(place));
  expect(lines).toContainEqual(expect.stringMatching("^IPv4, nft: removed"));
  for (const name of [namespace, `${namespace}-client`, `${namespace}-server`]) {
    expect(lines).toContain(`network namespace ${name}: removed, with all that was in it`);
  }
  expect(readdirSync("/run/netns").filter((name) => name.startsWith(namespace))).toEqual([]);
  expect((await uninstall(labSettings(place)))[0]).toMatch("nothing of flowmgr stands in");
});

it("the command, on the host: refused while a server runs, asks each time, says what it did", {
  timeout: 300_000,
}, async () => {
  const host = makeHost();
  onTestFinished(() => host.remove());
  furnish(host);
  const empty = everything(host);
  const server = await host.served(host.command(["serve", "--yes"]));
  host.put(CONFIG);
  const during = everything(host);
  expect(await host.run(["uninstall", "--yes"])).toMatchObject({
    status: 1,
    said: expect.stringMatching("in use by another flowmgr: stop that one, .*put its rules back"),
  });
  await server.stop();
  // The start had its yes, and it is remembered; that is none to the end.
  expect(await host.run(["uninstall"])).toMatchObject({
    status: 2,
    said: expect.stringContaining("give --yes if that is meant"),
  });
  expect(everything(host)).toBe(during);
  expect(await ended(host.atTerminal(["uninstall"], "yes\n"))).toMatchObject({
    status: 0,
    said: expect.stringContaining("IPv6, nft: removed"),
  });
  expect(everything(host)).toBe(empty);
});
