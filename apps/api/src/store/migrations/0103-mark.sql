-- Who has, or had, which packet mark, whole: it must be the same when he comes back, whatever the mask is by then.
CREATE TABLE mark (
  mark INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('directors', 'tables')),
  name TEXT NOT NULL,
  by_hand INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
  UNIQUE (kind, name)
) STRICT;

-- The mask under which the marks of a revision count. NULL: the one of the first start that knows this column.
ALTER TABLE revision ADD COLUMN mark_mask INTEGER;
