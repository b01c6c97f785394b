-- Secrets are stored as SHA-256: they are 256 random bits, so a slow hash would add nothing.
CREATE TABLE token (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;

-- A row is a session; deleting it ends the session. Times in milliseconds since 1970.
CREATE TABLE session (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

-- One-time codes of sign-in links.
CREATE TABLE sign_in_code (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- Where the running server listens, so that `login-link` can print a whole address.
CREATE TABLE server (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  url TEXT NOT NULL
) STRICT;
