-- Up Migration

-- The tables that every contender reads and writes. Filled by the run, see bench/server.ts.
CREATE SCHEMA bench;

-- Sleeps for 50 ms when told so. STABLE, though it sleeps, so that a query that calls it counts as a read.
CREATE FUNCTION bench.pause(is_slow boolean) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF is_slow THEN
    PERFORM pg_sleep(0.05);
  END IF;
  RETURN is_slow;
END
$$;

CREATE TABLE bench.item (
  item_id integer CONSTRAINT item_pkey PRIMARY KEY,
  name text NOT NULL,
  score integer NOT NULL,
  tags text[] NOT NULL,
  attributes jsonb NOT NULL,
  updated_at timestamptz(3) NOT NULL
);

CREATE TABLE bench.entry (
  entry_id uuid CONSTRAINT entry_pkey PRIMARY KEY,
  bucket integer NOT NULL,
  position integer NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  price numeric(12, 2) NOT NULL,
  share double precision NOT NULL,
  is_open boolean NOT NULL,
  labels text[] NOT NULL,
  scores integer[] NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3)
);

CREATE UNIQUE INDEX entry_bucket_position_idx ON bench.entry (bucket, position);

CREATE TABLE bench.note (
  note_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT note_pkey PRIMARY KEY,
  author text NOT NULL,
  body text NOT NULL,
  tags text[] NOT NULL,
  payload jsonb NOT NULL
);

CREATE TABLE bench.account (
  account_id integer CONSTRAINT account_pkey PRIMARY KEY,
  balance integer NOT NULL
);

CREATE TABLE bench.booking (
  booking_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT booking_pkey PRIMARY KEY,
  account_id integer NOT NULL,
  amount integer NOT NULL
);

-- What the bulk case loads.
CREATE TABLE bench.load (
  number integer CONSTRAINT load_pkey PRIMARY KEY,
  name text NOT NULL,
  tags text[] NOT NULL,
  payload jsonb NOT NULL,
  loaded_at timestamptz(3) NOT NULL
);

-- What the stream case reads.
CREATE TABLE bench.reading (
  reading_id integer CONSTRAINT reading_pkey PRIMARY KEY,
  device text NOT NULL,
  value double precision NOT NULL,
  is_valid boolean NOT NULL,
  taken_at timestamptz(3) NOT NULL
);

-- Down Migration

DROP SCHEMA bench CASCADE;
