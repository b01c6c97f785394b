-- What is told of a revision stands behind its config and text, megabytes that would be read on the way.
CREATE INDEX revision_summary ON revision (id, author, message, at, outcome, ended, flows, rules);
