import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PacketFields, parsePacket, parsePacketLine, printPacket } from "../src/index.ts";
import { arbitraryConfig, arbitraryPacket } from "../src/testing.ts";

const TCP: PacketFields = { iface: "eth0", proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", dstport: 25 };
const ICMP: PacketFields = {
  iface: "eth0",
  proto: "icmp",
  src: "10.0.0.1",
  dst: "10.0.0.2",
  icmptype: "8/0",
};

describe("a packet", () => {
  it("is read from fields", () => {
    expect(parsePacket({ ...TCP, srcport: 4000 })).toEqual({
      ok: {
        direction: "in",
        family: 4,
        iface: "eth0",
        proto: 6,
        src: 0x0a000001n,
        dst: 0x0a000002n,
        srcport: 4000,
        dstport: 25,
      },
    });
    expect(parsePacket({ ...ICMP, icmptype: "fragmentation-needed", direction: "out" })).toMatchObject({
      ok: { direction: "out", icmp: { type: 3, code: 4 } },
    });
    expect(parsePacket(TCP)).toMatchObject({ ok: { srcport: 49_152 } });
  });

  it.each<[PacketFields, string, string]>([
    [{ ...TCP, iface: "eth+" }, "iface", "a packet has one interface"],
    [{ ...TCP, iface: "a b" }, "iface", "the interface name"],
    [{ ...TCP, src: "10.0.0.0/8" }, "src", "is a network"],
    [{ ...TCP, src: "host" }, "src", "is not an address"],
    [{ ...TCP, dst: "2001:db8::1" }, "dst", "src is IPv4 and dst is IPv6"],
    [{ ...TCP, proto: "foo" }, "proto", "is not a protocol"],
    [{ ...TCP, proto: "icmp6" }, "proto", "icmp6 does not occur in IPv4"],
    [{ ...TCP, src: "::1", dst: "::1", proto: "icmp" }, "proto", "icmp does not occur in IPv6"],
    [{ ...TCP, src: "::1", dst: "::1", proto: "ah" }, "proto", "ah is an extension header in IPv6"],
    [{ ...TCP, dstport: undefined }, "dstport", "has a destination port"],
    [{ ...TCP, dstport: 65_536 }, "dstport", "there is no port"],
    [{ ...TCP, srcport: -1 }, "srcport", "is not a port"],
    [{ ...ICMP, dstport: 25 }, "dstport", "icmp has no ports"],
    [{ ...TCP, icmptype: "8" }, "icmptype", "tcp has no ICMP type"],
    [{ ...ICMP, icmptype: undefined }, "icmptype", "an ICMP packet has a type"],
    [{ ...ICMP, icmptype: "any" }, "icmptype", "a packet has one ICMP type"],
  ])("%j is refused at %s: %s", (fields, field, message) => {
    const parsed = parsePacket(fields);
    expect(parsed).toMatchObject({ error: { field, message: expect.stringContaining(message) } });
  });

  it.each<[PacketFields, string]>([
    [{ ...TCP, iface: "a b" }, "write one name such as eth0: at most 15 letters, digits and . _ - @ ="],
    [{ ...TCP, iface: "" }, "write one name such as eth0: at most 15 letters, digits and . _ - @ ="],
    [{ ...TCP, iface: "eth*" }, "write one name such as eth0: at most 15 letters, digits and . _ - @ ="],
    [
      { ...TCP, proto: "any" },
      "write tcp, udp, icmp, icmp6, sctp, esp, ah, gre, ipip, vrrp or a number from 1 to 255",
    ],
    [{ ...TCP, proto: "icmpv6" }, "write icmp6"],
    [{ ...TCP, src: "host" }, "write one address such as 192.168.0.1 or 2001:db8::1"],
    [{ ...TCP, src: "10.0.0" }, "write one address such as 192.168.0.1 or 2001:db8::1"],
    [{ ...TCP, dst: "10.0.0.1-10.0.0.9" }, "write one address such as 192.168.0.1 or 2001:db8::1"],
    [{ ...TCP, dst: "010.0.0.0/8" }, "write one address such as 192.168.0.1 or 2001:db8::1"],
    [{ ...TCP, dst: "010.0.0.1" }, "write 10.0.0.1"],
    [{ ...TCP, dstport: -1 }, "write a number from 0 to 65535"],
    [{ ...ICMP, icmptype: "255" }, "write a type such as 8/0 or echo-request"],
    [{ ...ICMP, icmptype: "08" }, "write 8"],
  ])("%j is helped as a packet, not as a rule: %s", (fields, help) => {
    expect(parsePacket(fields)).toMatchObject({ error: { help } });
  });

  it.each([
    "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0",
    "udp [2001:db8::1]:53 -> [::1.2.3.4]:5353 out eth1",
    "icmp 10.0.0.1 -> 192.168.0.1 type 8/0 in eth0 state new",
    "gre 10.0.0.1 -> 192.168.0.1 in wg@0",
    "253 ::1 -> ::2 in lo",
  ])("%s reads and prints the same", (line) => {
    const parsed = parsePacketLine(line);
    expect("ok" in parsed && printPacket(parsed.ok)).toBe(line);
  });

  it.each([
    "",
    "tcp 1.2.3.4:1 -> 1.2.3.4",
    "tcp 1.2.3.4:1 1.2.3.4:2 in eth0",
    "tcp ::1:25 -> ::2:26 in eth0",
  ])("%j is no line", (line) => {
    expect(parsePacketLine(line)).toHaveProperty("error");
  });

  it("prints so that it reads back", () => {
    const packets = arbitraryConfig({ comments: false }).chain(arbitraryPacket);
    fc.assert(
      fc.property(packets, (packet) => {
        expect(parsePacketLine(printPacket(packet))).toEqual({ ok: packet });
      }),
    );
  });
});
