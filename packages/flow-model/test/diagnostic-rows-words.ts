/** Errors of structure: the text with its mark, the message, the help. */

export type Row = [code: string, marked: string, message: string, help: string];

const CONDITION_HELP =
  "a condition has one value, or several in braces; then comes another condition (iface, proto, src, dst, srcport, dstport, icmptype, state), a rule (match, ignore) or flow";
const TWICE = "a condition stands at most once in a rule: write several values in braces, or a second rule";
const NESTED = "a list in braces cannot hold another";
const INNER = "write the values without inner braces, or give them a name: list office { 10.0.0.0/8 }";
const COMMA = "a comma stands between two values";
const LEAVE = "leave it out";
const BRACE = "a } is missing";
const CLOSED = "a list in braces ends with }";
const LIST = "write list office { 10.0.0.0/8, 192.168.0.1 }";
const POLICY_HELP =
  "behind the name comes a policy (permit, deny, director NAME, table ID, skip), then rules (match, ignore)";

/** Words: unknown, misplaced, missing, and those of a later version. */
export const STRUCTURE: Row[] = [
  ["unknown-word", "«Flow» a permit match", 'unknown word "Flow"', "write flow"],
  ["unknown-word", "flow a «accept» match", 'unknown word "accept"', "write permit"],
  ["unknown-word", "flow a «REJECT» match", 'unknown word "REJECT"', "write deny"],
  ["unknown-word", "flow a «permti» match", 'unknown word "permti"', "write permit"],
  ["unknown-word", "flow a permit «mtach»", 'unknown word "mtach"', "write match"],
  ["unknown-word", "flow a permit match «protocol» tcp", 'unknown word "protocol"', "write proto"],
  ["unknown-word", "flow a permit match not «--dport» 22", 'unknown word "--dport"', "write dstport"],
  ["unknown-word", "flow a permit match «port» 22", 'unknown word "port"', "write dstport or srcport"],
  [
    "unknown-word",
    "flow a permit match «any» src 10.0.0.1",
    'unknown word "any"',
    "leave out what shall hold for every packet; match alone takes them all",
  ],
  ["unknown-word", "flow my «ssh» permit match", 'unknown word "ssh"', POLICY_HELP],
  [
    "unknown-word",
    "flow a skip «nothing» match",
    'unknown word "nothing"',
    "behind skip comes an action (permit, deny, director NAME, table ID) or a rule (match, ignore)",
  ],
  [
    "unknown-word",
    "«hello» world flow a permit match",
    'unknown word "hello"',
    "write flow NAME POLICY, then its rules; or list NAME { VALUES }; or expect VERDICT CONDITIONS",
  ],
  [
    "misplaced-word",
    "«match» src 10.0.0.1",
    '"match" cannot stand here',
    "write flow NAME POLICY, then its rules; or list NAME { VALUES }; or expect VERDICT CONDITIONS",
  ],
  ["misplaced-word", "flow a permit match dstport 22 «23»", '"23" cannot stand here', CONDITION_HELP],
  [
    "misplaced-word",
    "flow a permit match dstport 22«,» 23",
    '"," cannot stand here',
    "write several values in braces: dstport { 25, 110 }",
  ],
  [
    "misplaced-word",
    "flow a permit match proto tcp «deny»",
    '"deny" cannot stand here',
    "a policy stands once, right behind the name of its flow",
  ],
  [
    "misplaced-word",
    "flow a permit «}» match",
    '"}" cannot stand here',
    "a rule begins with match or ignore, the next flow with flow",
  ],
  [
    "unknown-word",
    "flow permit «maildirect» match",
    'unknown word "maildirect"',
    `the word behind flow is its name: this flow is called permit; ${POLICY_HELP}`,
  ],
  [
    "misplaced-word",
    "flow a permit match src «not» 10.0.0.1 dst 10.0.0.2",
    "not stands before the condition",
    "write not src 192.168.0.0/24",
  ],
  [
    "misplaced-word",
    "flow a permit match iface { eth0, «not» eth1 }",
    '"not" cannot stand in a list',
    "not stands before the condition and negates its whole list: not src { 10.0.0.0/8, 172.16.0.1 }",
  ],
  [
    "missing-brace",
    "flow a permit match dstport { 22, 25 «not» src 10.0.0.1 dst 10.0.0.2",
    "a } is missing",
    "a list in braces ends with }",
  ],
  ["missing-name", "flow«»", "a name is missing behind flow", "write flow NAME POLICY, then its rules"],
  [
    "missing-name",
    "flow # which?\n«»",
    "a name is missing behind flow",
    "write flow NAME POLICY, then its rules",
  ],
  ["missing-director", "flow a director«»", "the director's name is missing", "write director NAME"],
  ["missing-table", "flow a table\n«{» }", "the routing table is missing", "write table 100, or table main"],
  [
    "missing-verb",
    "flow a permit «src» 10.0.0.1",
    "match or ignore is missing",
    "write match or ignore before the conditions",
  ],
  [
    "missing-verb",
    "flow a permit off «dst» 10.0.0.1",
    "match or ignore is missing",
    "write off match or off ignore",
  ],
  [
    "missing-verb",
    "flow match «proto» tcp",
    "match or ignore is missing",
    `the word behind flow is its name: this flow is called match; ${POLICY_HELP}`,
  ],
  [
    "missing-condition",
    "flow a permit match not «10.0.0.1»",
    "a condition is missing behind not",
    "not stands before one condition: not src 192.168.0.0/24",
  ],
  [
    "missing-value",
    "flow a permit match src\n  «dst» 10.0.0.1",
    "a value is missing behind src",
    "write src 192.168.0.0/24",
  ],
  ["missing-value", "flow a permit match dstport«»", "a value is missing behind dstport", "write dstport 22"],
  [
    "duplicate-condition",
    "flow a permit match src 10.0.0.1 proto tcp «not\n src 10.0.0.2»",
    "a second src in one rule",
    TWICE,
  ],
  [
    "duplicate-condition",
    "flow a permit match src 10.0.0.1 proto tcp «src { 10.0.0.2, 10.0.0.3 }» dstport 22",
    "a second src in one rule",
    TWICE,
  ],
  ["nested-list", "flow a permit match dstport { 25, «{» 110 } } proto tcp", NESTED, INNER],
  ["nested-list", "list a { «{» 10.0.0.1 } }", NESTED, INNER],
  ["misplaced-comma", "flow a permit match dstport { «,» 25 }", COMMA, LEAVE],
  ["misplaced-comma", "flow a permit match dstport { 25,«,» 110 }", COMMA, LEAVE],
  ["misplaced-comma", "flow a permit match dstport { 25«,»\n}", COMMA, LEAVE],
  ["misplaced-comma", "list a { 25, 110«,» }", COMMA, LEAVE],
  [
    "misplaced-word",
    "flow a permit match src { «not» 10.0.0.1 }",
    '"not" cannot stand in a list',
    "not stands before the condition and negates its whole list: not src { 10.0.0.0/8, 172.16.0.1 }",
  ],
  ["missing-brace", "flow a permit match dstport { 25, 110 «match»", BRACE, CLOSED],
  ["missing-brace", "flow a permit match iface { eth0, eth1\n «match» proto tcp", BRACE, CLOSED],
  ["missing-brace", "list a { 25, 110\n«flow» a permit match", BRACE, CLOSED],
  ["missing-brace", "flow a permit match src { 10.0.0.1«»", BRACE, CLOSED],
  ["missing-brace", "list a «10.0.0.1», 10.0.0.2 }", "a { is missing behind the name", LIST],
  ["missing-brace", "list a «flow» a permit match", "a { is missing behind the name", LIST],
  ["missing-name", "list «{» 10.0.0.1 }", "a name is missing behind list", LIST],
];
