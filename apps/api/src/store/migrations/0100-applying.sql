-- Every config that was applied or tried, and how it ended. Times are milliseconds since 1970.
CREATE TABLE revision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  author TEXT NOT NULL,
  message TEXT NOT NULL,
  at INTEGER NOT NULL,
  config TEXT NOT NULL,
  text TEXT NOT NULL,
  -- The marks of directors and tables under it: sticky, so they are part of what was applied.
  marks TEXT NOT NULL,
  -- Routing tables by name, as the machine knew them.
  tables TEXT NOT NULL,
  flows INTEGER NOT NULL,
  rules INTEGER NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'unconfirmed'
    CHECK (outcome IN ('unconfirmed', 'confirmed', 'reverted', 'expired', 'failed')),
  ended INTEGER
) STRICT;

-- One row: where an apply stands, the state of apply/machine.ts as JSON. Read at the start, before anything else.
CREATE TABLE applying (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  state TEXT NOT NULL
) STRICT;
INSERT INTO applying (only, state) VALUES (1, '{"at":"idle","running":null}');

-- Since when each rule counts, what was read last and when its count last grew; rule 0 is a flow's ICMP errors.
CREATE TABLE counter (
  flow TEXT NOT NULL,
  rule INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  since INTEGER NOT NULL,
  last_hit INTEGER,
  PRIMARY KEY (flow, rule)
) STRICT, WITHOUT ROWID;
