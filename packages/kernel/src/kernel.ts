/**
 * The way into the kernel: five verbs. Everything that crosses them is plain JSON, so that a small privileged
 * process can be split off later without a rewrite; `book` would be a message back.
 */
import type { Delta, FamilyName, Program, Source, State } from "@flowmgr/flow-compiler";

/** What was found on the machine, once, at the start. */
export type Facts = {
  backend: "nft" | "legacy";
  /** `iptables v1.8.9 (nf_tables)` */
  iptables: string;
  kernel: string;
  /** What shows our chains to a person: `ip netns exec flowmgr iptables-nft -t mangle -L -v -n`. */
  listCommand: string;
  /** Null where the machine has no ip6tables or IPv6 is switched off. */
  ip6tables: string | null;
  /** Whether the kernel has the `socket` match, by which datagrams are put together before flows judge them. */
  defragment: boolean;
  /** Whether there are sets of networks: ipset, and a kernel with hash:net and the match for it. */
  sets: boolean;
};

export type Tally = { packets: number; bytes: number };

/** Beside a `FamilyState`, in its order. */
export type FamilyCounted = {
  /** For each chain, for each rule. */
  chains: Tally[][];
  /** For each jump of ours, with the number of rules of others before and behind our first one in that chain. */
  hooks: (Tally & { before: number; behind: number })[];
};

export type Link = {
  name: string;
  /** Switched on by the administrator; `carrier`: there is somebody at the other end. */
  up: boolean;
  carrier: boolean;
  /** Without prefix. */
  addresses: string[];
  /** Null where the kernel does not tell. */
  sourceCheck: SourceCheck | null;
};

/** Whether the source of an IPv4 packet has to be reached by where it came in (`rp_filter`, `src_valid_mark`). */
export type SourceCheck = {
  /** strict: by that interface; loose: at all. */
  filter: "off" | "loose" | "strict";
  /** Asked with the packet's mark, so by the table that the mark leads to. */
  byMark: boolean;
};

/** IPv4 packets of a routing table that the check of sources drops. */
export type Eaten = {
  table: number;
  /** Where they come in. */
  iface: string;
  /** Those that carry the mark that leads to the table, or the answers to what it sent on its way. */
  what: "packets" | "answers";
  /** What would let them pass, for sysctl: `net.ipv4.conf.eth1.rp_filter=2`. */
  set: string[];
};

/** IPVS services that wait for a packet mark; `absent` says why the kernel does not tell. */
export type Ipvs = { services: IpvsService[] } | { absent: string };

export type IpvsService = {
  /** The whole packet mark, all 32 bits. */
  mark: number;
  /** That of its servers; null as long as it has none, since then the kernel does not tell. */
  family: FamilyName | null;
  scheduler: string;
  servers: {
    /** `192.168.1.10:80`, `[fd00::10]:80`; without a port, as `fd00::10`: each packet's own. */
    address: string;
    /** `Masq`, `Route`, `Tunnel`, `Local`, as the kernel calls it. */
    forward: string;
    /** 0: gets no new connections. */
    weight: number;
  }[];
};

export type Reading = {
  state: State;
  /** What the rules of `state` have counted, and what stands beside our jumps. */
  counted: { ip: FamilyCounted; ip6: FamilyCounted | null };
  /** What the lines of flows' chains have counted, those that no packet meets any more included. */
  lines: CountedLine[];
  /** Rules of others that stand behind our jump in PREROUTING, per family: a packet that we accept skips them. */
  foreignBehind: { ip: number; ip6: number };
  /** Interfaces there, with the addresses of this machine. */
  links: Link[];
  /** Names of routing tables, from rt_tables as the namespace sees it. */
  tables: { [name: string]: number };
  /** How many routes a table holds, by its number; one without routes is not there. */
  routesIn: { [table: number]: { ip: number; ip6: number } };
  /** For every table but those that all packets ask, whether a mark leads to it now or not. */
  eaten: Eaten[];
  ipvs: Ipvs;
  /** Things an operator should know: rules in the other back end, tools that lack, ... sentences. */
  warnings: string[];
  /** fwmarks that others use in `ip rule` or in rules that set or (`compares`) only compare them. */
  foreignMarks: { mark: number; mask: number; where: string; compares?: true }[];
};

/**
 * `lines`: what each of its lines has counted that packets meet, by a key of its own, those that have counted nothing
 * left out. `retired`: what lines of the rule have counted that no packet meets any more, by their batch.
 */
export type Count = Tally & {
  source: Source;
  lines: { [line: string]: Tally };
  retired?: { [batch: string]: Tally };
};

/** A line of a flow's chain that has counted something. Two that read alike in a chain may both be there. */
export type CountedLine = Tally & {
  family: FamilyName;
  chain: string;
  /** As `compile` writes it. */
  words: string;
  /** The batch with which it went out of force, its count being final since; null while packets meet it. */
  retired: string | null;
};

export type Applied = {
  /** False when the machine held the program already. */
  changed: boolean;
  delta: Delta;
  /** What stands there in the end and has counted something; of a chain that stayed as it was, as for `book`. */
  lines: CountedLine[];
  /** Milliseconds that its steps took, by name. */
  took: { [step: string]: number };
  /** The way back; null when nothing changed, or when the disk did not take it and that was allowed. */
  snapshot: Snapshot | null;
};

/** Opaque to all but the kernel package: the before-image, also on disk. */
export type Snapshot = { id: string };

export type ApplyOptions = {
  /** Goes on when the snapshot cannot be written: a full disk must not keep the old rules from coming back. */
  evenWithoutDisk?: boolean;
  /**
   * Told what all lines have counted, before anything changes and again when the new rules are in force (`switched`),
   * before anything is taken away that has counted. Of a chain that stays as it is, what was read last may be told. Of a batch that is retired the same counts may be told again, by
   * the next apply, when this one ends before all of it is gone. Without `book`, chains that change begin anew.
   */
  book?: (lines: CountedLine[], switched: boolean) => void;
  /** Flows with rules that begin to count: of their lines is told what they have counted by now, also where they stay. */
  anew?: readonly string[];
};

export type Kernel = {
  readonly facts: Facts;
  /**
   * What is ours on the machine now, and what is around it. With "last", what rules have counted may be what was read
   * last, by whichever of these verbs: that spares a reading where it is certain that no rule was changed since.
   */
  read(counts?: "now" | "last"): Promise<Reading>;
  /**
   * Loads the program into an empty throw-away namespace with the same back end; throws KernelError. What passed last,
   * or is in force, is not loaded again but for what the difference could make wrong.
   */
  check(program: Program): Promise<void>;
  /**
   * Snapshot on disk, create, one restore per family, delete, read back and compare; then what was in force before is
   * swept away. A private namespace that `ensureWorld` made and somebody deleted is made anew first. On any failure
   * back to the snapshot, verified, then throws KernelError, which says whether the old rules are in force again.
   */
  apply(program: Program, options?: ApplyOptions): Promise<Applied>;
  /** Back to what stood there before an apply, word for word; the server applies a revision anew instead. */
  restore(snapshot: Snapshot): Promise<void>;
  /** Packet and byte counts per rule of the program, both families added up. */
  counters(program: Program): Promise<Count[]>;
};

/** Why the kernel did not take a program, in the words of the config where the source map knows them. */
export class KernelError extends Error {
  readonly family: FamilyName | null;
  readonly source: Source | null;
  /** What the tool said, its first telling line. */
  readonly said: string;
  /** True when what was in force before is in force again, read back and compared. */
  readonly oldRulesInForce: boolean;
  constructor(
    message: string,
    detail: {
      family: FamilyName | null;
      source: Source | null;
      said: string;
      oldRulesInForce: boolean;
    },
  ) {
    super(message);
    this.name = "KernelError";
    this.family = detail.family;
    this.source = detail.source;
    this.said = detail.said;
    this.oldRulesInForce = detail.oldRulesInForce;
  }
}
