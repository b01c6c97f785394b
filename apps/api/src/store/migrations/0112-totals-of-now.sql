-- An apply leaves most rules, and their totals stay as they are: they belong to what counts now, whichever revision that
-- is. `before` = 1: of the revision before, a rule that is not among those.
CREATE TABLE total (
  before INTEGER NOT NULL,
  flow TEXT NOT NULL,
  rule INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  seen_packets INTEGER NOT NULL,
  seen_bytes INTEGER NOT NULL,
  since INTEGER NOT NULL,
  last_hit INTEGER,
  PRIMARY KEY (before, flow, rule)
) STRICT, WITHOUT ROWID;
INSERT INTO total
  SELECT rule_total.revision IS NOT counting.revision, flow, rule, packets, bytes, seen_packets, seen_bytes, since, last_hit
  FROM rule_total, counting
  WHERE rule_total.revision IN (counting.revision, counting.before);
DROP TABLE rule_total;
ALTER TABLE total RENAME TO rule_total;
