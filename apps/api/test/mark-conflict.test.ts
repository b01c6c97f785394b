/** Which IPVS services are a clash, over data: what /proc/net/ip_vs tells is read in the kernel package's tests. */
import type { IpvsService } from "@flowmgr/kernel";
import { describe, expect, test } from "vitest";
import type { KeptMark } from "../src/apply/kept-marks.ts";
import { clashOf, freeMark } from "../src/apply/mark-conflict.ts";

const MASK = 0xff00;

const service = (mark: number): IpvsService => ({ family: "ip", mark, scheduler: "wlc", servers: [] });
const others = (...services: IpvsService[]) => ({ foreignMarks: [], ipvs: { services } });
const kept = (name: string, mark: number): KeptMark => ({ kind: "directors", name, mark, byHand: false });
const by = (kind: "directors" | "tables", name: string, mark: number, known: KeptMark[] = []) =>
  clashOf({ kind, name, mark }, MASK, others(service(0x100), service(0x1_0200)), known)?.by ?? null;

describe("an IPVS service", () => {
  test("that waits for the director's own mark is what makes it work, whoever was there first", () => {
    expect(by("directors", "pool", 0x100)).toBeNull();
    expect(by("directors", "pool", 0x100, [kept("pool", 0x100)])).toBeNull();
  });

  test("that was set up for a director that had the mark before is that one's", () => {
    expect(by("directors", "pool", 0x100, [kept("old", 0x100)])).toBe(
      "IPVS service for mark 256 (0x100), scheduler wlc, which was set up for director old",
    );
  });

  test("never takes the packets of a table", () => {
    expect(by("tables", "77", 0x100)).toBe("IPVS service for mark 256 (0x100), scheduler wlc");
  });

  test("that wants bits of others beside ours would lose its packets to the director", () => {
    expect(by("directors", "pool", 0x200)).toBe("IPVS service for mark 66048 (0x10200), scheduler wlc");
  });

  test("for another mark is nobody's concern", () => {
    expect(by("directors", "pool", 0x300)).toBeNull();
    expect(by("tables", "77", 0x300)).toBeNull();
  });
});

test("a rule that only compares is no clash for whom it has known: the firewall lets his packets in", () => {
  const where = "iptables -t filter, chain INPUT";
  const rule = (mark: number, compares?: true) => ({
    foreignMarks: [{ mark, mask: MASK, where, ...(compares && { compares }) }],
    ipvs: { services: [] },
  });
  const pool = kept("pool", 0x100);
  expect(clashOf(pool, MASK, rule(0x100, true), [pool])).toBeNull();
  expect(clashOf(pool, MASK, rule(0x100), [pool])).toMatchObject({ by: where });
  expect(clashOf(pool, MASK, rule(0x100, true), [kept("pool", 0x200), kept("old", 0x100)])).toMatchObject({
    by: where,
  });
});

test("the mark that is offered is one that nobody has, had or uses", () => {
  const machine = {
    ...others(service(0x100)),
    foreignMarks: [{ mark: 0x300, mask: MASK, where: "ip rule" }],
  };
  expect(freeMark(MASK, machine, [kept("old", 0x200)])).toBe(0x400);
  expect(freeMark(0x100, machine, [])).toBeNull();
});
