-- Up Migration
-- Why: services are listed, counted and searched by these. Locks: registry.service, which is new and empty. Old code: not
-- affected.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column

-- The parser of full-text search takes `node.js` for a host, `@acme/api` for a file and `next-14` for a negative number,
-- and none is then found by its parts.
CREATE FUNCTION registry.service_words(value text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN translate(value, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32));
COMMENT ON FUNCTION registry.service_words(text) IS 'A text with the punctuation of ASCII replaced by spaces.';

-- Names and tags keep their words as they are: a search asks for beginnings, and that of a stem is one. The tags are cut:
-- a tsvector holds 1 MB at the most.
CREATE FUNCTION registry.service_search(name text, display_name text, tags text[], description text) RETURNS tsvector
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN setweight(to_tsvector('pg_catalog.simple', registry.service_words(name)), 'A')
    || setweight(
      to_tsvector(
        'pg_catalog.simple',
        registry.service_words(concat_ws(' ', display_name, left(array_to_string(tags, ' '), 50000)))
      ),
      'B'
    )
    || setweight(to_tsvector('pg_catalog.english', registry.service_words(coalesce(description, ''))), 'C');
COMMENT ON FUNCTION registry.service_search(text, text, text[], text) IS
  'What full-text search finds a service by: name (weight A), display name and tags (B), description (C).';

-- Each word is the beginning of one, in the form that it has and by its stem, which mostly is a beginning of the word
-- itself. One letter begins too many words: it is a word. What tells nothing (`the`, `of`) is sought only where there is
-- nothing else. The words have no punctuation, so that they can be quoted as they are.
CREATE FUNCTION registry.service_query(query text) RETURNS tsquery
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    SELECT
      coalesce(string_agg(sought, ' & ') FILTER (WHERE stem IS NOT NULL), string_agg(sought, ' & '))::tsquery
    FROM (
      SELECT
        stem,
        CASE
          WHEN char_length(word) = 1 THEN '''' || word || ''''
          WHEN stem IS NULL THEN '''' || word || ''':*'
          WHEN starts_with(word, stem) THEN '''' || stem || ''':*'
          ELSE '(''' || word || ''':* | ''' || stem || ''':*)'
        END AS sought
      FROM (
        SELECT
          word,
          (ts_lexize('pg_catalog.english_stem', word))[1] AS stem
        FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', registry.service_words(query)))) AS word
      ) AS stems
    ) AS words
  );
COMMENT ON FUNCTION registry.service_query(text) IS
  'Words of which a service must have all, or words that begin with them; NULL when there is none. For the column search.';

-- The name stands first, as it is: what is LIKE a pattern in the name is so here, followed by anything.
CREATE FUNCTION registry.service_text(name text, display_name text, tags text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN concat_ws(E'\n', name, display_name, left(array_to_string(tags, E'\n'), 5000));
COMMENT ON FUNCTION registry.service_text(text, text, text[]) IS 'Name, display name and tags, for the trigram index.';

ALTER TABLE registry.service ADD COLUMN search tsvector NOT NULL DEFAULT '';
COMMENT ON COLUMN registry.service.search IS
  '@noisy See registry.service_search; kept by trigger. Asked by registry.service_query.';

-- Not a generated column: where a table has a BEFORE UPDATE trigger, all of those are computed anew with every update, and
-- this one takes longer than the report of a health check.
CREATE FUNCTION registry.keep_service_search() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  NEW.search := registry.service_search(NEW.name, NEW.display_name, NEW.tags, NEW.description);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION registry.keep_service_search() IS 'BEFORE INSERT OR UPDATE trigger: what the search finds a service by.';
CREATE TRIGGER service_keep_search
  BEFORE INSERT OR UPDATE OF name, display_name, tags, description, search ON registry.service
  FOR EACH ROW
  EXECUTE FUNCTION registry.keep_service_search();

-- The operator's threshold is a setting, and with that of the server (0.6) one wrong letter in a word of five or six is
-- one too many. It is set here and put back, and not by a SET of the function: to say so takes a superuser where the
-- library is not loaded, as when a dump is restored. Without a look at what the words find, a plan for the first row of
-- many would read the table; so it must take the index.
CREATE FUNCTION registry.similar_services(query text)
  RETURNS TABLE (similar_id uuid, similarity real)
  LANGUAGE plpgsql STABLE STRICT ROWS 100
  SET enable_seqscan TO off
  SET enable_indexscan TO off
  SET enable_indexonlyscan TO off
AS $$
DECLARE
  words CONSTANT text := trim(registry.service_words(query));
  threshold text;
BEGIN
  IF char_length(words) < 3 OR EXISTS (
    SELECT
    FROM registry.service
    WHERE
      search @@ registry.service_query(query)
      AND deleted_at IS NULL
  ) THEN
    RETURN;
  END IF;
  -- Loads the library, whose setting would not be there.
  PERFORM word_similarity(words, words);
  threshold := current_setting('pg_trgm.word_similarity_threshold');
  PERFORM set_config('pg_trgm.word_similarity_threshold', '0.3', true);
  RETURN QUERY
    SELECT
      service_id,
      word_similarity(words, registry.service_text(name, display_name, tags)) * 0.75::real
        + similarity(words, name) * 0.25::real
    FROM registry.service
    WHERE registry.service_text(name, display_name, tags) %> words
    ORDER BY
      2 DESC,
      1 DESC
    LIMIT 1000;
  PERFORM set_config('pg_trgm.word_similarity_threshold', threshold, true);
END
$$;
COMMENT ON FUNCTION registry.similar_services(text) IS
  'The 1,000 services whose name, display name or tags are most like a text that no service is found by as it stands; 0 to 1, the more alike the more.';

CREATE INDEX service_priority_idx ON registry.service (priority, name, service_id);
CREATE INDEX service_build_type_idx ON registry.service (build_type);
CREATE INDEX service_protocol_idx ON registry.service (protocol);
CREATE INDEX service_status_idx ON registry.service (status);
-- An endpoint may be longer than what a btree takes.
CREATE INDEX service_endpoint_idx ON registry.service USING hash (endpoint);
CREATE INDEX service_version_idx ON registry.service (version);
CREATE INDEX service_created_at_idx ON registry.service (created_at, service_id);
CREATE INDEX service_updated_at_idx ON registry.service (updated_at);
CREATE INDEX service_success_percent_idx ON registry.service (success_percent);
CREATE INDEX service_health_rank_idx ON registry.service (health_rank);
CREATE INDEX service_response_time_class_idx ON registry.service (response_time_class);
CREATE INDEX service_last_seen_hour_idx ON registry.service (last_seen_hour);
CREATE INDEX service_tags_idx ON registry.service USING gin (tags);
CREATE INDEX service_metadata_idx ON registry.service USING gin (metadata jsonb_path_ops);
CREATE INDEX service_search_idx ON registry.service USING gin (search);
CREATE INDEX service_text_idx ON registry.service USING gin (registry.service_text(name, display_name, tags) gin_trgm_ops);
COMMENT ON INDEX registry.service_priority_idx IS 'Those of a priority, and all by priority and name.';
COMMENT ON INDEX registry.service_health_rank_idx IS 'Sorts by health score: rows of one rank are sorted when they are read.';
COMMENT ON INDEX registry.service_response_time_class_idx IS
  'Ranges of response times, and sorts by them: rows of one class are sorted when they are read.';
COMMENT ON INDEX registry.service_text_idx IS 'Patterns of names, and names with typos.';

-- Down Migration

DROP INDEX registry.service_text_idx;
DROP INDEX registry.service_search_idx;
DROP INDEX registry.service_metadata_idx;
DROP INDEX registry.service_tags_idx;
DROP INDEX registry.service_last_seen_hour_idx;
DROP INDEX registry.service_response_time_class_idx;
DROP INDEX registry.service_health_rank_idx;
DROP INDEX registry.service_success_percent_idx;
DROP INDEX registry.service_updated_at_idx;
DROP INDEX registry.service_created_at_idx;
DROP INDEX registry.service_version_idx;
DROP INDEX registry.service_endpoint_idx;
DROP INDEX registry.service_status_idx;
DROP INDEX registry.service_protocol_idx;
DROP INDEX registry.service_build_type_idx;
DROP INDEX registry.service_priority_idx;
DROP FUNCTION registry.similar_services(text);
DROP TRIGGER service_keep_search ON registry.service;
DROP FUNCTION registry.keep_service_search();
ALTER TABLE registry.service DROP COLUMN search;
DROP FUNCTION registry.service_text(text, text, text[]);
DROP FUNCTION registry.service_query(text);
DROP FUNCTION registry.service_search(text, text, text[], text);
DROP FUNCTION registry.service_words(text);
