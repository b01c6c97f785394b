-- Drift that was put right, and by whom: what somebody who comes in the morning wants to know. Milliseconds since 1970.
CREATE TABLE repair (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  revision INTEGER,
  detail TEXT NOT NULL
) STRICT;
