// Why: the incidents of one service, and the foreign key: without it, removing a service reads all incidents. Locks: SHARE
// UPDATE EXCLUSIVE, which reads and writes do not wait for. Old code: not affected.

export const up = (pgm) => {
  pgm.noTransaction()
  pgm.sql('DROP INDEX CONCURRENTLY IF EXISTS oncall.incident_service_id_idx')
  pgm.sql('CREATE INDEX CONCURRENTLY incident_service_id_idx ON oncall.incident (service_id, opened_at DESC)')
}

export const down = (pgm) => {
  pgm.noTransaction()
  pgm.sql('DROP INDEX CONCURRENTLY IF EXISTS oncall.incident_service_id_idx')
}
