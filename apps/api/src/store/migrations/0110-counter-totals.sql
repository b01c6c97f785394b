-- What each rule of a revision has counted in all, since when, and when it was last seen to grow; rule 0 is a flow's
-- ICMP errors. `seen_*`: how much of that its lines in the kernel show; what they show more at the next reading is
-- added. It is below zero when more has been booked than was seen before.
CREATE TABLE rule_total (
  revision INTEGER NOT NULL,
  flow TEXT NOT NULL,
  rule INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  seen_packets INTEGER NOT NULL,
  seen_bytes INTEGER NOT NULL,
  since INTEGER NOT NULL,
  last_hit INTEGER,
  PRIMARY KEY (revision, flow, rule)
) STRICT, WITHOUT ROWID;

-- The revision whose rules count now, and the one before it, whose rules that are not among them keep their totals
-- for a way back.
CREATE TABLE counting (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  revision INTEGER,
  before INTEGER
) STRICT;
INSERT INTO counting (only, revision)
  SELECT 1, iif(state ->> 'at' = 'unconfirmed', state ->> 'trying', state ->> 'running') FROM applying;

INSERT INTO rule_total
  SELECT revision, flow, rule, packets, 0, packets, 0, since, last_hit
  FROM counter, counting WHERE revision IS NOT NULL;
DROP TABLE counter;

-- Batches of retired lines (packages/kernel) that are part of the totals and may still stand in the kernel.
CREATE TABLE booked_batch (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
