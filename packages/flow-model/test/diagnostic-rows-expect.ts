/** What is wrong with expectations: code, text with its place, message, help. */
type Row = [code: string, text: string, message: string, help: string];

const VERDICT =
  "behind expect comes what the packets get: permit, deny, director NAME, table TABLE or undecided; then conditions";
const MISSING = "a verdict is missing behind expect";
const ONCE = "an expectation has one verdict, right behind expect: write a second expectation";
const NO_RULE = "an expectation has conditions only: leave it out; rules stand in flows";
const NEVER = "no packet can meet this expectation:";
const cannotStand = (word: string) => `"${word}" cannot stand here`;

export const EXPECTATIONS: Row[] = [
  ["missing-verdict", "expect«»", MISSING, VERDICT],
  ["missing-verdict", "expect «dstport» 22", MISSING, VERDICT],
  ["missing-verdict", "expect outflow «not» dstport 22", MISSING, VERDICT],
  ["missing-verdict", "expect flow«»", MISSING, VERDICT],
  ["missing-verdict", "expect «match» dstport 22", MISSING, VERDICT],
  ["missing-verdict", "expect «skip» dstport 22", MISSING, VERDICT],
  // No verdict follows: these words begin the next flow.
  ["missing-verdict", "expect «flow» ssh permit match", MISSING, VERDICT],
  ["missing-verdict", "expect outflow\n«outflow» ssh permit match", MISSING, VERDICT],
  ["missing-verdict", "expect «list» a { 22 }", MISSING, VERDICT],
  ["missing-verdict", "expect «expect» deny", MISSING, VERDICT],
  ["unknown-word", "expect «drop» dstport 22", 'unknown word "drop"', "write deny"],
  ["unknown-word", "expect flow «drop» dstport 22", 'unknown word "drop"', "write deny"],
  ["unknown-word", "expect «undecidet»", 'unknown word "undecidet"', "write undecided"],
  ["unknown-word", "expect «nothing» dstport 22", 'unknown word "nothing"', VERDICT],
  ["misplaced-word", "expect «22» dstport 22", cannotStand("22"), VERDICT],
  ["missing-director", "expect director«»", "the director's name is missing", "write director NAME"],
  ["missing-table", "expect table «{» }", "the routing table is missing", "write table 100, or table main"],
  ["misplaced-word", "expect deny «permit» dstport 22", cannotStand("permit"), ONCE],
  ["unknown-word", "expect deny «undecided»", 'unknown word "undecided"', ONCE],
  ["misplaced-word", "expect deny «match» dstport 22", cannotStand("match"), NO_RULE],
  ["misplaced-word", "expect deny dstport 22\n  «off» match src 10.0.0.1", cannotStand("off"), NO_RULE],
  [
    "misplaced-word",
    "expect deny «skip»",
    cannotStand("skip"),
    "an expectation cannot be skipped: as a comment, behind #, it stays for later",
  ],
  [
    "unknown-word",
    "flow a «undecided» match",
    'unknown word "undecided"',
    "undecided is for expect only: what no flow decides goes on untouched",
  ],
  [
    "duplicate-condition",
    "expect deny dstport 22 «not dstport 23»",
    "a second dstport in one expectation",
    "a condition stands at most once in an expectation: write several values in braces, or a second expectation",
  ],
  [
    "outflow-director",
    "expect outflow «director» mail dstport 25",
    "a director takes incoming packets only",
    "write permit, deny, undecided or table TABLE; or flow instead of outflow",
  ],
  [
    "bad-table",
    "expect table «255» dstport 25",
    "the table local (255) only knows this machine's own addresses",
    "write main, or a table that holds routes to where the packets shall go",
  ],
  [
    "never-holds",
    "expect deny proto icmp «dstport 22»",
    `${NEVER} icmp packets have no ports`,
    "leave dstport out, or write proto tcp, udp or sctp",
  ],
  [
    "never-holds",
    "expect deny dst 10.0.0.1 «src ::1»",
    `${NEVER} src is IPv6 and dst is IPv4`,
    "give both addresses one family, and write the other family apart",
  ],
  [
    "never-holds",
    "list all { 0.0.0.0/0, ::/0 }\nexpect permit «not src @all»",
    `${NEVER} @all is every address, and not leaves none`,
    "leave src out",
  ],
  [
    "icmp-families",
    "expect deny icmptype 8 «proto { icmp, icmp6 }»",
    "icmptype for both families",
    "types differ between the families: write an expectation for icmp and one for icmp6",
  ],
  [
    "unknown-list",
    "list office { 10.0.0.1 }\nexpect deny src «@offices»",
    'there is no list "offices"',
    "write @office",
  ],
  [
    "one-family",
    "expect deny «not src 10.0.0.0/8» dstport 22",
    "not src 10.0.0.0/8 speaks of IPv4 packets only",
    "of IPv6 packets nothing is expected; for them add an expectation with src ::/0",
  ],
  [
    "duplicate-expectation",
    "expect deny dstport 22 # ssh\n«expect flow deny\n  dstport 22:22»",
    "this expectation stands here a second time",
    "leave it out",
  ],
];
