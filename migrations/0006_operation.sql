-- Up Migration
-- Why: writes and transactions that take effect once, however often they are called, across lost connections, restarts and
-- failover. Locks: none, only new objects. Old code: not affected.

CREATE TABLE core.operation (
  operation_id text NOT NULL,
  query text NOT NULL,
  fingerprint bytea NOT NULL,
  result jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  replayed_at timestamptz(3),
  CONSTRAINT operation_pkey PRIMARY KEY (operation_id),
  CONSTRAINT operation_operation_id_length CHECK (char_length(operation_id) BETWEEN 1 AND 255),
  CONSTRAINT operation_fingerprint_length CHECK (octet_length(fingerprint) = 32)
);

COMMENT ON TABLE core.operation IS
  'Writes and transactions that were called with an operation id, each inserted in the transaction that it is about: a row that others see is proof that it was committed. Deleted when it is old.';
COMMENT ON COLUMN core.operation.operation_id IS 'The caller''s name for it. Who uses it again gets the stored result.';
COMMENT ON COLUMN core.operation.query IS 'The name of the query that was run; `query` for raw text, `transaction` for a transaction.';
COMMENT ON COLUMN core.operation.fingerprint IS
  'SHA-256 of what was called, its values included: another call by the same operation id is refused. Of a transaction, the same for all.';
COMMENT ON COLUMN core.operation.result IS 'What the call gave, as ashlar writes it; set in the same transaction, so NULL to nobody else.';
COMMENT ON COLUMN core.operation.created_at IS 'When its transaction began. What is kept for a set time is counted from here.';
COMMENT ON COLUMN core.operation.replayed_at IS 'When it was last called again; NULL: never.';

CREATE INDEX operation_created_at_idx ON core.operation (created_at);
COMMENT ON INDEX core.operation_created_at_idx IS 'Serves the deletion of old ones.';

-- Down Migration

DROP TABLE core.operation;
