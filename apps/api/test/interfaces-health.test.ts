/** What is told of interfaces: those of the machine, those that only the draft names, and where each is used. */
import { describe, expect, test } from "vitest";
import { interfaces } from "../src/paths/interfaces.ts";
import { line, world } from "./machine-as-data.ts";

describe("interfaces", () => {
  const TEXT = `flow a permit
  match iface eth0
  off match iface eth7
flow b permit
  match iface { eth1, wg+ }
outflow c deny
  match not iface eth+
`;
  const find = (name: string) => interfaces(world("", undefined, TEXT)).find((one) => one.name === name);

  test("those of the machine first, then what else the draft names", () => {
    const names = interfaces(world("", undefined, TEXT)).map(({ name }) => name);
    expect(names).toEqual(["lo", "eth0", "eth1", "eth7", "wg+", "eth+"]);
  });

  test("where used: by name, by a wildcard that fits, in lists and in outflows; a rule that is off does not count", () => {
    expect(find("eth0")?.usedBy).toEqual([
      { flow: "a", on: true },
      { flow: "c", on: true },
    ]);
    expect(find("eth7")?.usedBy).toEqual([
      { flow: "a", on: false },
      { flow: "c", on: true },
    ]);
    expect(find("eth1")?.usedBy.map(({ flow }) => flow)).toEqual(["b", "c"]);
  });

  test("there, up, addresses", () => {
    expect(find("eth0")).toMatchObject({ there: true, up: true, addresses: ["192.168.0.1", "fd00::1"] });
    expect(line(find("eth1")?.health, "link")).toBe("warning: eth1 is down: ip link set eth1 up");
    expect(line(find("eth7")?.health, "interface")).toBe(
      "warning: there is no interface eth7 now; rules that name it wait for it",
    );
    expect(line(find("wg+")?.health, "interface")).toBe(
      "warning: no interface fits wg+ now; rules that name it wait for one",
    );
    expect(line(find("eth+")?.health, "interface")).toBe("ok: fits eth0, eth1");
  });
});
