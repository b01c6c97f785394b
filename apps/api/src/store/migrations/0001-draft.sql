-- The one draft. `etag` grows with every change; `config` is the long JSON form.
CREATE TABLE draft (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  etag TEXT NOT NULL,
  config TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  changed_by TEXT NOT NULL
) STRICT;

-- Who changed the draft since it was last equal to the running config.
CREATE TABLE draft_author (
  name TEXT PRIMARY KEY,
  at TEXT NOT NULL
) STRICT;
