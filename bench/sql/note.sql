/* @name createNote */
-- One row.
INSERT INTO bench.note (author, body, tags, payload)
VALUES (:author!, :body!, :tags!, :payload!)
RETURNING
  note_id;

/* @name createNoteSlowly */
-- One row; 50 ms later when :isSlow says so.
INSERT INTO bench.note (author, body, tags, payload)
SELECT
  :author!,
  :body!,
  ARRAY[bench.pause(:isSlow!)::text],
  '{}'
RETURNING
  note_id;
