-- What is large in a revision, written once: SQLite writes a whole row again when it is recorded how the revision ended.
-- The config is made of the text. In revisions from before, which have no row here, both stand in the revision itself.
CREATE TABLE revision_text (
  revision INTEGER PRIMARY KEY REFERENCES revision (id) ON DELETE CASCADE,
  text TEXT NOT NULL
) STRICT;
