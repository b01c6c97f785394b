/** Flows that many need, as text with blanks: `<host>` stands for what is typed at the blank `host`. */

/** What a blank takes; it says what is suggested. */
export type BlankKind = "addresses" | "list" | "director" | "table";

export type Blank = { id: string; label: string; kind: BlankKind; value: string };

export type Template = {
  id: string;
  title: string;
  sentence: string;
  blanks: Blank[];
  /** Lists first, then flows, in canonical text once the blanks are filled. */
  text: string;
  /** Where its flows go: as the first; before the flow that takes all the rest; each that takes all, as the last. */
  place: "top" | "before-rest";
};

const HOST: Blank = { id: "host", label: "Address of the service", kind: "addresses", value: "192.168.0.1" };

export const TEMPLATES: readonly Template[] = [
  {
    id: "ssh",
    title: "SSH from a list",
    sentence: "Lets the addresses of a named list log in; who is not in it goes on to the next flow.",
    blanks: [
      { id: "list", label: "Name of the list", kind: "list", value: "admins" },
      { id: "who", label: "Addresses in it", kind: "addresses", value: "192.168.0.0/24" },
      { ...HOST, label: "Address to log in to" },
    ],
    text: `list <list> { <who> }

flow ssh permit
  match proto tcp src @<list> dst <host> dstport 22
`,
    place: "before-rest",
  },
  {
    id: "web",
    title: "Web server",
    sentence: "Lets everybody reach a web server on ports 80 and 443.",
    blanks: [HOST],
    text: `flow web permit
  match proto tcp dst <host> dstport { 80, 443 }
`,
    place: "before-rest",
  },
  {
    id: "mail-director",
    title: "Mail by a director",
    sentence: "Hands SMTP, submission, IMAP and POP3 of one address to an LVS director.",
    blanks: [
      { ...HOST, label: "Address of the mail service", value: "192.168.0.2" },
      { id: "director", label: "Director", kind: "director", value: "maildirect" },
    ],
    text: `flow mail director <director>
  match proto tcp dst <host> dstport { 25, 110, 143, 465, 587, 993, 995 }
`,
    place: "before-rest",
  },
  {
    id: "dns",
    title: "DNS by both protocols",
    sentence: "Lets questions to a name server in by UDP and by TCP, which large answers need.",
    blanks: [{ ...HOST, label: "Address of the name server" }],
    text: `flow dns permit
  match proto { tcp, udp } dst <host> dstport 53
`,
    place: "before-rest",
  },
  {
    id: "block-rest",
    title: "Block everything else",
    sentence: "Lets answers to this machine's own connections in and drops whatever no flow has taken.",
    blanks: [],
    text: `flow established permit
  match state { established, related }

# Whatever no flow above has taken.
flow alltherest deny
  match
`,
    place: "top",
  },
  {
    id: "ipv6-essentials",
    title: "IPv6 essentials",
    sentence: "Lets in the ICMPv6 that IPv6 cannot do without: errors, path MTU, neighbours, and ping.",
    blanks: [],
    text: `flow ipv6-essentials permit
  match proto icmp6 icmptype { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }
  match proto icmp6 icmptype { router-advertisement, neighbour-solicitation, neighbour-advertisement }
  match proto icmp6 icmptype { echo-request, echo-reply }
`,
    place: "top",
  },
  {
    id: "vrrp",
    title: "VRRP between peers",
    sentence: "Lets the other routers of a VRRP group announce themselves, and nobody else.",
    blanks: [{ id: "peers", label: "Addresses of the peers", kind: "addresses", value: "192.168.0.3" }],
    text: `flow vrrp permit
  match proto vrrp src <peers> dst 224.0.0.18
`,
    place: "before-rest",
  },
  {
    id: "route-by-source",
    title: "Route by source",
    sentence: "Has what comes from some addresses routed by a table of its own, such as a second uplink.",
    blanks: [
      { id: "who", label: "Where it comes from", kind: "addresses", value: "192.168.0.0/24" },
      { id: "table", label: "Routing table", kind: "table", value: "100" },
    ],
    text: `flow by-source table <table>
  match src <who>
`,
    place: "before-rest",
  },
  {
    id: "outflow-table",
    title: "This machine's own packets by a table",
    sentence: "Has what this machine sends to some addresses routed by a table of its own.",
    blanks: [
      { id: "where", label: "Where it goes to", kind: "addresses", value: "198.51.100.0/24" },
      { id: "table", label: "Routing table", kind: "table", value: "100" },
    ],
    text: `outflow own-by-table table <table>
  match dst <where>
`,
    place: "before-rest",
  },
];
