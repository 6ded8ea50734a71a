-- Up Migration
-- Why: who changed a service or what it depends on, and a word to those who listen. Locks: SHARE ROW EXCLUSIVE on the tables,
-- for an instant.
-- Old code: not affected, its changes are logged too.

SELECT core.track_changes('registry.service');
SELECT core.track_changes('registry.service_dependency');

-- Down Migration

SELECT core.untrack_changes('registry.service_dependency');
SELECT core.untrack_changes('registry.service');
