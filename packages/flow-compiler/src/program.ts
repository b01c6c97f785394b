/**
 * The desired state of the kernel as data: what should stand there, whole, for both families. Plain JSON, so that
 * it can cross a process boundary. Nothing here says how to get there (`delta.ts`) or who runs what (the kernel
 * package).
 */

/** Settings that change what is compiled; all have a default in the API's settings. */
export type CompileOptions = {
  ipv6: boolean;
  /** Bits of the packet mark that are ours; contiguous, at most 16 bits wide. */
  markMask: number;
  loopback: "spare" | "judge";
  neighbours: "spare" | "judge";
  jump: "first" | "last";
  /** `on`: datagrams are put together before flows judge them, where a flow looks at ports or ICMP types. */
  defragment: "on" | "off";
  /** Routing tables that the machine knows by name (rt_tables); `main` and `default` need no entry. */
  tables?: { [name: string]: number };
  /** Conditions of more networks than this become sets (LARGE_LIST); absent: none do, as where the kernel has no sets. */
  largeList?: number;
  /** When the row of flows becomes a tree, and when a part of it is left as a row; for tests and benchmarks. */
  dispatch?: DispatchLimits;
};

/** `longestRow`: flows; `dearRow`, `cheapRow`: ns that a packet takes to pass it. A row becomes a tree that is longer or dearer. */
export type DispatchLimits = { longestRow: number; dearRow: number; cheapRow: number };

/**
 * Who has which mark, as the index under the mask (mark = index << lowest bit of the mask), from 1.
 * Tables by their text as written in the policy, normalised (`254` for `main`).
 */
export type Marks = {
  directors: { [name: string]: number };
  tables: { [table: string]: number };
};

/** The flow and rule (from 1, rules that are off included) that an iptables rule comes from; null: its ICMP errors. */
export type Source = { flow: string; rule: number | null };

/** One iptables rule of a chain of ours: the words behind `-A CHAIN`, as iptables-save prints them. */
export type ChainRule = {
  words: string;
  /** Which rule it comes from; absent for jumps and other plumbing. */
  source?: Source;
  /** True when its packet counter is part of the rule's counter (the one that ends the visit). */
  counts?: true;
};

export type Chain = { name: string; rules: ChainRule[] };

/** A rule of ours in a built-in chain; its comment is how it is recognised. */
export type Hook = { chain: "PREROUTING" | "OUTPUT" | "INPUT"; words: string; place: "first" | "last" };

/** `ip rule`: fwmark MARK/MASK lookup TABLE, with our protocol number. */
export type IpRule = {
  mark: number;
  mask: number;
  table: number;
  /** Only in what is found, where somebody gave it another than ours. */
  priority?: number;
};

/** `local DESTINATION dev lo table TABLE`. */
export type LocalRoute = { destination: string; table: number };

export type FamilyProgram = {
  /** Main chains first, then the chains of the flows in the order of the config. */
  chains: Chain[];
  hooks: Hook[];
  ipRules: IpRule[];
  routes: LocalRoute[];
};

/**
 * A set of networks that rules of a family refer to by its name, outside of any table: an ipset of the type hash:net.
 * The name tells the content, so another content is another set.
 */
export type NetworkSet = {
  name: string;
  family: FamilyName;
  /** As ipset prints them, sorted by bytes; none contains another. */
  networks: readonly string[];
};

/** A value: nothing changes it in place, since programs compiled one after the other share what is equal. */
export type Program = {
  ip: FamilyProgram;
  ip6: FamilyProgram | null;
  marks: Marks;
  /** Those that the rules of both families refer to, each once; absent: none. */
  sets?: NetworkSet[];
};

export type FamilyName = "ip" | "ip6";

export type ChainState = {
  name: string;
  /** Those that packets meet. */
  rules: string[];
  /** How many stand behind them that no packet meets (RETIRED_COMMENT), the rule that ends the chain included. */
  retired?: number;
};

/** What is ours on the machine now, as read back: the shape that a program is compared with. */
export type FamilyState = {
  chains: ChainState[];
  /** Our jumps in built-in chains; `place` as found: `middle` when foreign rules stand before and behind. */
  hooks: {
    chain: "PREROUTING" | "OUTPUT" | "INPUT";
    words: string;
    place: "only" | "first" | "last" | "middle";
  }[];
  ipRules: IpRule[];
  routes: LocalRoute[];
};

/** A set of ours as read back, or what a killed process left half made. */
export type SetState = NetworkSet & {
  /** Whether rules refer to it, ours or those of others: then it cannot go. */
  inUse: boolean;
};

export type State = {
  ip: FamilyState;
  ip6: FamilyState | null;
  /** Absent: none. */
  sets?: SetState[];
};

/** The smallest change of one family, in the order in which it is made: create, switch, delete. */
export type FamilyDelta = {
  create: { routes: LocalRoute[]; ipRules: IpRule[] };
  /** Input of one `iptables-restore --noflush`, "" when nothing changes; `lines[i]` tells where line i + 1 comes from. */
  restore: string;
  lines: (Source | null)[];
  remove: { ipRules: IpRule[]; routes: LocalRoute[] };
  /** Input of one more restore, when `restore` is "": takes away what no packet meets any more. "" when that is nothing. */
  sweep: string;
  /** Names of the chains that are added, removed and rewritten. */
  added: string[];
  removed: string[];
  changed: string[];
};

/** Made before the rules of either family change, and removed behind them. */
export type SetsDelta = {
  /** Those that are missing, or hold something else (`replaced`) than their name says. */
  make: (NetworkSet & { replaced: boolean })[];
  /** Those that are left over. One in use may be so by the old rules; else it is by rules of others, and stays. */
  remove: SetState[];
};

export type Delta = { sets: SetsDelta; ip: FamilyDelta; ip6: FamilyDelta | null };
