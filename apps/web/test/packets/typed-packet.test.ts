import { type Packet, printPacket } from "@flowmgr/flow-model";
import { arbitraryPacket } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fieldsFor,
  noPacket,
  readPacket,
  type TypedPacket,
  typedField,
  typedLine,
  typedPacket,
} from "../../src/packets/typed-packet.ts";

const LINE = "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";
const problemsOf = ({ form }: TypedPacket) => readPacket(form).problems;

describe("line and fields", () => {
  test("the line fills the fields, a field changes the line", () => {
    const typed = typedLine(LINE);
    expect(typed.form).toMatchObject({
      proto: "tcp",
      src: "10.0.0.1",
      srcport: "4000",
      dstport: "25",
      iface: "eth0",
    });
    const other = typedField(typedField(typed, "dst", "2001:db8::2"), "direction", "out");
    expect(other.line).toBe("tcp 10.0.0.1:4000 -> [2001:db8::2]:25 out eth0");
    expect(typedField(typed, "state", "established").line).toBe(`${LINE} state established`);
  });

  test("every packet reads back from its line, and from its fields one by one", () => {
    fc.assert(
      fc.property(arbitraryPacket(), (packet: Packet) => {
        const typed = typedPacket(packet);
        expect(typed.stray).toBeNull();
        expect(readPacket(typed.form)).toEqual({ packet, problems: {}, missing: [] });
        let built = noPacket();
        built = typedField(built, "direction", typed.form.direction);
        for (const field of fieldsFor(typed.form)) built = typedField(built, field, typed.form[field]);
        expect(built.line).toBe(printPacket(packet));
      }),
    );
  });

  test("what a protocol has not is not on the line, and comes back with the protocol", () => {
    const icmp = typedField(typedField(typedLine(LINE), "proto", "icmp"), "icmptype", "8/0");
    expect(icmp.line).toBe("icmp 10.0.0.1 -> 192.168.0.2 type 8/0 in eth0");
    expect(fieldsFor(icmp.form)).toEqual(["iface", "proto", "src", "dst", "icmptype", "state"]);
    expect(typedField(icmp, "proto", "tcp").line).toBe(LINE);
  });

  test("a line is read as far as it goes", () => {
    expect(typedLine("udp 10.0.0.1").form).toMatchObject({
      proto: "udp",
      src: "10.0.0.1",
      dst: "",
      iface: "",
    });
    expect(readPacket(typedLine("tcp 10.0.0.1 -> 10.0.0.2").form).missing).toEqual(["iface", "dstport"]);
    expect(typedLine("tcp 10.0.0.1:1 -> 10.0.0.2:2 in eth0 please").stray).toContain(
      '"please" belongs to no part',
    );
  });

  test("a line of the kernel's log is a packet", () => {
    const log =
      "kernel: IN=eth0 OUT= MAC=00:11 SRC=203.0.113.7 DST=192.168.0.2 LEN=60 TTL=63 PROTO=TCP SPT=40312 DPT=25 WINDOW=64240 SYN";
    expect(typedLine(log).line).toBe("tcp 203.0.113.7:40312 -> 192.168.0.2:25 in eth0");
    const six =
      "IN= OUT=eth1 SRC=2001:0db8:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0002 PROTO=ICMPv6 TYPE=1 CODE=4 [SRC=x DST=y PROTO=UDP SPT=1 DPT=2 ]";
    const read = readPacket(typedLine(six).form);
    expect(read.packet && printPacket(read.packet)).toBe(
      "icmp6 2001:db8::1 -> 2001:db8::2 type 1/4 out eth1",
    );
  });
});

describe("what is wrong", () => {
  test("each wrong field says so, with what would be right, whatever else is missing", () => {
    const typed = typedLine("tcp 10.0.0.300:4000 -> 192.168.0.0/24:70000 in");
    const { packet, problems, missing } = readPacket(typed.form);
    expect(packet).toBeNull();
    expect(missing).toEqual(["iface"]);
    expect(Object.keys(problems).sort()).toEqual(["dst", "dstport", "src"]);
    expect(problems.dst).toBe(
      '"192.168.0.0/24" is a network. A packet has one address: leave the prefix out.',
    );
    expect(problemsOf(typedLine("tcp 10.0.0.1:http -> 10.0.0.2:25 in eth0")).srcport).toBe(
      '"http" is not a port. Write one number from 0 to 65535.',
    );
  });

  test("families that differ, and the protocol of the other family", () => {
    expect(problemsOf(typedLine("tcp 10.0.0.1:1 -> [2001:db8::1]:2 in eth0"))).toEqual({
      dst: "Src is IPv4 and dst is IPv6. Write an IPv4 address in both.",
    });
    expect(problemsOf(typedLine("icmp 2001:db8::1 -> 2001:db8::2 type 128/0 in eth0")).proto).toContain(
      "icmp6",
    );
    expect(problemsOf(typedLine("tcp 10.0.0.1:1 -> 10.0.0.2:2 in eth0 state fresh")).state).toContain("new,");
  });

  test("nothing typed is no mistake", () => {
    expect(readPacket(noPacket("eth0").form)).toEqual({
      packet: null,
      problems: {},
      missing: ["src", "dst", "dstport"],
    });
  });
});
