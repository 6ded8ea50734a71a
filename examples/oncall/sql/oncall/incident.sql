/* @name openIncident */
-- One row.
INSERT INTO oncall.incident (service_id, severity, title)
VALUES (:serviceId!, :severity!, :title!)
RETURNING
  incident_id,
  opened_at;

/* @name resolveIncident */
-- One row; none when it is resolved already, or is not there.
UPDATE oncall.incident
SET resolved_at = now()
WHERE incident_id = :incidentId!
  AND resolved_at IS NULL
RETURNING
  incident_id,
  service_id;

/* @name listIncidents */
-- Zero to :limit rows, newest first, by incident_opened_at_idx; those of one service by incident_service_id_idx.
SELECT
  incident.incident_id,
  service.name AS service_name,
  service.status AS service_status,
  incident.severity,
  incident.title,
  incident.opened_at,
  incident.resolved_at
FROM oncall.incident
JOIN registry.service ON service.service_id = incident.service_id
WHERE
  TRUE
  AND incident.service_id = :serviceId                                                         -- @if serviceId
  AND (incident.opened_at, incident.incident_id) < (:beforeOpenedAt, :beforeIncidentId)        -- @if beforeIncidentId
ORDER BY
  incident.opened_at DESC,
  incident.incident_id DESC
LIMIT :limit!;
