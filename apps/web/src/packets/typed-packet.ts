/** A packet as it is typed: one line, fields beside it, each following the other, and what is wrong with either. */
import {
  hasPorts,
  ICMP,
  ICMP6,
  type Packet,
  type PacketFields,
  parseAddress,
  parsePacket,
  parseProtocol,
  printPacket,
  STATES,
  type ValueError,
} from "@flowmgr/flow-model";
import { advice } from "../ui/problems.tsx";

export type PacketField = "iface" | "proto" | "src" | "srcport" | "dst" | "dstport" | "icmptype" | "state";

/** As written in the fields; "" for nothing. */
export type PacketForm = { direction: "in" | "out" } & { [field in PacketField]: string };

export type TypedPacket = {
  line: string;
  form: PacketForm;
  /** What on the line belongs to no field, as a sentence. */
  stray: string | null;
};

const EMPTY_FORM: PacketForm = {
  direction: "in",
  iface: "",
  proto: "tcp",
  src: "",
  srcport: "",
  dst: "",
  dstport: "",
  icmptype: "",
  state: "",
};

/** Nothing typed yet; a packet that comes in by the interface, when one is known. */
export function noPacket(iface = ""): TypedPacket {
  return { line: "", form: { ...EMPTY_FORM, iface }, stray: null };
}

export function isEmpty({ line, form }: TypedPacket): boolean {
  return line.trim() === "" && form.src === "" && form.dst === "";
}

/** The line as it was typed, and the fields that it fills, as far as it goes. */
export function typedLine(line: string): TypedPacket {
  return logged(line) ?? written(line);
}

/** The packet with one field changed; its line says so too. */
export function typedField<Field extends keyof PacketForm>(
  { form }: TypedPacket,
  field: Field,
  value: PacketForm[Field],
): TypedPacket {
  const next = { ...form, [field]: value };
  return { line: lineOf(next), form: next, stray: null };
}

/** The packet as its canonical line puts it, for links, copies and what is remembered. */
export function typedPacket(packet: Packet): TypedPacket {
  return typedLine(printPacket(packet));
}

/** The fields that a packet of this protocol has; all that could be where nobody knows the protocol yet. */
export function fieldsFor({ proto, src }: PacketForm): PacketField[] {
  const number = numberOf(proto, src);
  const ends: PacketField[] =
    number === null || hasPorts(number) ? ["src", "srcport", "dst", "dstport"] : ["src", "dst"];
  const own: PacketField[] = number === ICMP || number === ICMP6 ? ["icmptype"] : [];
  return ["iface", "proto", ...ends, ...own, "state"];
}

export type ReadPacket = {
  /** Null as long as something is missing or wrong. */
  packet: Packet | null;
  /** By field: what is wrong there and what would be right. */
  problems: { [field in PacketField]?: string };
  /** Fields that a packet cannot do without, and that are empty. */
  missing: PacketField[];
};

/** Judges each field that is filled, also while others are not. */
export function readPacket(form: PacketForm): ReadPacket {
  const shown = fieldsFor(form);
  const optional: PacketField[] = ["srcport", "state"];
  const missing = shown.filter((field) => form[field].trim() === "" && !optional.includes(field));
  const problems: ReadPacket["problems"] = {};
  // What is empty or already found wrong is stood in for, so that the next field can be judged.
  const stood = standIns(form);
  const whole = { ...form };
  for (const field of missing) whole[field] = stood[field];
  for (const _ of shown) {
    const read = parse(whole, shown);
    if ("ok" in read) {
      const complete = missing.length === 0 && Object.keys(problems).length === 0;
      return { packet: complete ? read.ok : null, problems, missing };
    }
    const { field } = read.error;
    problems[field] ??= advice(read.error);
    whole[field] = field === "srcport" || field === "state" ? "" : stood[field];
  }
  return { packet: null, problems, missing };
}

type Read = { ok: Packet } | { error: ValueError & { field: PacketField } };

function parse(form: PacketForm, shown: readonly PacketField[]): Read {
  const text = (field: PacketField) => {
    const value = form[field].trim();
    return shown.includes(field) && value !== "" ? value : undefined;
  };
  const fields: PacketFields = {
    direction: form.direction,
    iface: form.iface.trim(),
    proto: form.proto.trim(),
    src: form.src.trim(),
    dst: form.dst.trim(),
    icmptype: text("icmptype"),
  };
  for (const field of ["srcport", "dstport"] as const) {
    const port = text(field);
    if (port === undefined) continue;
    if (!/^[0-9]{1,6}$/.test(port)) {
      const help = "write one number from 0 to 65535";
      return { error: { field, code: "bad-port", message: `"${port}" is not a port`, help } };
    }
    fields[field] = Number(port);
  }
  const said = text("state");
  const state = STATES.find((one) => one === said);
  if (said !== undefined && !state) {
    const message = `"${said}" is not a state of a connection`;
    return { error: { field: "state", code: "bad-state", message, help: `write ${STATES.join(", ")}` } };
  }
  const read = parsePacket({ ...fields, state });
  if ("ok" in read) return read;
  const { field } = read.error;
  return { error: { ...read.error, field: field === "direction" ? "iface" : field } };
}

/** Values that fit what is written elsewhere. */
function standIns(form: PacketForm): { [field in PacketField]: string } {
  const six = [form.src, form.dst].some((text) => familyOf(text) === 6) || form.proto.trim() === "icmp6";
  const address = six ? "2001:db8::1" : "192.0.2.1";
  return {
    iface: "eth0",
    proto: "tcp",
    src: address,
    srcport: "",
    dst: familyOf(form.src) === 4 ? "192.0.2.1" : address,
    dstport: "80",
    icmptype: "8/0",
    state: "",
  };
}

function familyOf(text: string): number | null {
  const read = parseAddress(text.trim());
  return "ok" in read ? read.ok.family : null;
}

function numberOf(proto: string, src: string): number | null {
  const read = parseProtocol(proto.trim());
  if ("error" in read) return null;
  // Whoever writes icmp for an IPv6 packet is told so, and has the field for its type.
  return read.ok === ICMP && familyOf(src) === 6 ? ICMP6 : read.ok;
}

/** The fields as a line; what is empty is left out. */
function lineOf(form: PacketForm): string {
  const shown = fieldsFor(form);
  const value = (field: PacketField) => (shown.includes(field) ? form[field].trim() : "");
  const end = (address: string, port: string) => {
    if (port === "") return address;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const [src, dst] = [end(value("src"), value("srcport")), end(value("dst"), value("dstport"))];
  if (src === "" && dst === "") return "";
  const words = [value("proto"), src, "->", dst];
  if (value("icmptype")) words.push("type", value("icmptype"));
  words.push(form.direction, value("iface"));
  if (value("state")) words.push("state", value("state"));
  return words.filter((word) => word !== "").join(" ");
}

const ARROWS = new Set(["->", "→", ">"]);

/** `tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0 state new`, or the beginning of it. */
function written(line: string): TypedPacket {
  const form = { ...EMPTY_FORM, proto: "" };
  const words = line.trim().split(/\s+/).filter(Boolean);
  const stray: string[] = [];
  const [proto, ...rest] = words;
  form.proto = proto ?? "";
  const arrow = rest.findIndex((word) => ARROWS.has(word));
  const ends = arrow < 0 ? [rest[0]] : [arrow > 0 ? rest[0] : undefined, rest[arrow + 1]];
  stray.push(...rest.slice(1, Math.max(1, arrow)));
  [form.src, form.srcport] = splitPort(ends[0] ?? "");
  [form.dst, form.dstport] = splitPort(ends[1] ?? "");
  const more = arrow < 0 ? [] : rest.slice(arrow + 2);
  for (let at = 0; at < more.length; at += 2) {
    const [word = "", value = ""] = more.slice(at, at + 2);
    if (word === "type") form.icmptype = value;
    else if (word === "state") form.state = value;
    else if (word === "in" || word === "out") {
      form.direction = word;
      form.iface = value;
    } else {
      stray.push(word);
      at -= 1;
    }
  }
  const said = stray.length > 0 ? `"${stray.join(" ")}" belongs to no part of a packet. ${HOW}` : null;
  return { line, form, stray: said };
}

const HOW = "Write it as tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0.";

/** `10.0.0.1:25` and `[::1]:25`; an IPv6 address without brackets has no port. */
function splitPort(text: string): [address: string, port: string] {
  const parts = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>[^:]*))?$/.exec(text)?.groups;
  return parts ? [parts.bracketed ?? parts.plain ?? "", parts.port ?? ""] : [text, ""];
}

/** A line of the kernel's log, as the iptables target LOG writes it: `IN=eth0 OUT= ... SRC=... DST=... PROTO=TCP SPT=4000`. */
function logged(line: string): TypedPacket | null {
  const said = new Map<string, string>();
  // What an ICMP error carries stands in brackets behind its own fields; the first of a name is the packet's.
  for (const [, key = "", value = ""] of line.matchAll(/\b([A-Z]+)=(\S*)/g)) {
    if (!said.has(key)) said.set(key, value);
  }
  const value = (key: string) => said.get(key) ?? "";
  if (value("SRC") === "" || value("DST") === "" || !said.has("PROTO")) return null;
  const proto = value("PROTO").toLowerCase();
  const out = value("IN") === "" && value("OUT") !== "";
  const type = value("TYPE") === "" ? "" : `${value("TYPE")}/${value("CODE") || "0"}`;
  const form: PacketForm = {
    ...EMPTY_FORM,
    direction: out ? "out" : "in",
    iface: value(out ? "OUT" : "IN"),
    proto: proto === "icmpv6" ? "icmp6" : proto,
    src: shortest(value("SRC")),
    dst: shortest(value("DST")),
    srcport: value("SPT"),
    dstport: value("DPT"),
    icmptype: type,
  };
  return { line: lineOf(form), form, stray: null };
}

/** The log writes IPv6 in full: `2001:0db8:0000:...`. */
function shortest(address: string): string {
  if (!address.includes(":")) return address;
  return address
    .split(":")
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
