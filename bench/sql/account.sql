/* @name changeBalance */
-- Locks the row.
UPDATE bench.account
SET balance = balance + :amount!
WHERE account_id = :accountId!;

/* @name createBooking */
-- One row.
INSERT INTO bench.booking (account_id, amount)
VALUES (:accountId!, :amount!);
