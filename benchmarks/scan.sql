\set number :first + :client_id * :each + :done
\set done :done + 1
BEGIN;
SELECT trip.id AS trip_id, trip.declaration_id, pass.id AS pass_pk, pass.vin, vehicle.make, driver.name, declaration.status
FROM ferry_trip trip
JOIN ferry_pass pass ON pass.trip_id = trip.id
JOIN ferry_vehicle vehicle ON vehicle.id = trip.vehicle_id
JOIN ferry_driver driver ON driver.id = trip.driver_id
JOIN ferry_declaration declaration ON declaration.id = trip.declaration_id
WHERE trip.reference = 'F' || lpad(CAST(CAST(:number AS int) AS text), 8, '0')
FOR UPDATE OF trip \gset
INSERT INTO clearance_scan (scan_id, digest, checkpoint_id, lane, crossing, pass_used_id, trip_id, scanned_at, recorded_at,
    verdict, reasons, passed_at, offline_verdict)
VALUES (gen_random_uuid(), md5('x'), 1, '1', 'exit', :pass_pk, :trip_id, now(), now(), 'release', '[]', now(), '');
UPDATE ferry_trip SET state = 'exited', exited_at = now(), next_check_at = now() WHERE id = :trip_id AND state = 'ready';
INSERT INTO ferry_tripevent (trip_id, kind, at, recorded_at, by, data) VALUES (:trip_id, 'exited', now(), now(), 'device', '{}');
UPDATE ferry_declaredvehicle SET exited_at = now() WHERE declaration_id = :declaration_id AND vin = :vin;
END;
