/** What only JSON can say wrong: the path, the config, the message, the help. */

const flow = { kind: "flow", name: "a", policy: { action: "permit" } };
export const ruled = (conditions: object) => ({
  items: [{ ...flow, rules: [{ verb: "match", conditions }] }],
  comment: [],
});
const items = (...all: object[]) => ({ items: all, comment: [] });

type JsonRow = [code: string, path: string, config: object, message: string, help: string];

const LINES = "write one entry for each line, without control characters";
const CONTROL = "a comment holds a line end or a control character";

export const JSON_ROWS: JsonRow[] = [
  [
    "missing-policy",
    "/items/0/skipped",
    items({ ...flow, policy: null, skipped: false }),
    "a flow without a policy is skipped",
    "set skipped, or give it a policy",
  ],
  [
    "missing-value",
    "/items/0/rules/0/conditions/src/values",
    ruled({ src: [] }),
    "a value is missing behind src",
    "give it one, or leave src out",
  ],
  [
    "empty-list",
    "/items/0/values",
    items({ kind: "list", name: "office" }),
    'the list "office" is empty',
    "give it a value, or leave it out",
  ],
  [
    "duplicate-value",
    "/items/0/rules/0/conditions/proto/values/1",
    ruled({ proto: ["tcp", "6"] }),
    '"6" means the same as "tcp" before it',
    "leave it out",
  ],
  [
    "outflow-director",
    "/items/0/verdict/action",
    items({ kind: "expect", direction: "out", verdict: { action: "director", director: "mail" } }),
    "a director takes incoming packets only",
    "write permit, deny, undecided or table TABLE; or flow instead of outflow",
  ],
  [
    "bad-comment",
    "/items/0/note",
    items({ kind: "expect", verdict: { action: "deny" }, note: "a\nflow evil permit match" }),
    CONTROL,
    LINES,
  ],
  [
    "bad-comment",
    "/items/0/comment/1",
    items({ ...flow, comment: ["fine\t", "two\nlines"] }),
    CONTROL,
    LINES,
  ],
  ["bad-comment", "/items/0/note", items({ ...flow, note: "return\r" }), CONTROL, LINES],
  ["bad-comment", "/comment/0", { items: [], comment: ["half a pair \ud800"] }, CONTROL, LINES],
  [
    "bad-address",
    "/items/0/rules/0/conditions/src/values/0",
    ruled({ src: "10.0.0.1 dst 10.0.0.2" }),
    '"10.0.0.1 dst 10.0.0.2" is not an address; names are not looked up',
    "write an address such as 192.168.0.1, 192.168.0.0/24 or 2001:db8::/32",
  ],
  [
    "bad-name",
    "/items/0/name",
    items({ ...flow, name: "" }),
    "a name is missing",
    "a name is 1 to 27 letters, digits, - and _",
  ],
  [
    "icmp-families",
    "/items/0/rules/0/conditions/icmptype",
    ruled({ proto: ["icmp", "icmp6"], icmptype: "8" }),
    "icmptype for both families",
    "types differ between the families: write a rule for icmp and one for icmp6",
  ],
  [
    "never-holds",
    "/items/0/rules/0/conditions/dstport",
    ruled({ dstport: "22", proto: "icmp" }),
    "this rule can never hold: icmp packets have no ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ],
  [
    "never-holds",
    "/items/0/rules/0/conditions/dstport",
    ruled({ dstport: "22", proto: { not: true, values: ["tcp", "udp"] } }),
    "this rule can never hold: not proto { tcp, udp } leaves no protocol with ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ],
];
