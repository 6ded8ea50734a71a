-- Up Migration
-- Why: project templates that an agent finds and instantiates; and core.hold_times, for tables whose core.keep_times not
-- every update fires. Locks: none, only new objects. Old code: not affected.

CREATE FUNCTION core.hold_times() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION core.hold_times() IS
  'BEFORE UPDATE trigger: puts back what an update says of created_at and updated_at; beside a core.keep_times that not every update fires.';

CREATE TYPE agent.template_complexity AS ENUM ('simple', 'moderate', 'complex');
COMMENT ON TYPE agent.template_complexity IS 'How much there is to understand in what a template makes.';

-- The parser of full-text search takes `node.js` for a host, `fastify/api` for a file and `next-14` for a negative number,
-- and none is then found by its parts. It takes a comma for nothing but an end of a word, and so does a search, which
-- makes a phrase of what has no space in it. An operator (`-word`) stands behind a space and stays.
CREATE FUNCTION agent.template_words(value text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN regexp_replace(value, '(?<=[^ \t\r\n"./_:@-])[./_:@-]+(?=[^ \t\r\n"])', ',', 'g');
COMMENT ON FUNCTION agent.template_words(text) IS 'A text with what glues words together (fastify-api, node.js) replaced by commas.';

-- A generated column takes immutable functions only. array_to_string is not one, as it serves types whose text depends on
-- settings; that of text does not, and the configuration is named here, so the whole is. A stop word counts as a place:
-- no phrase goes from one tag into the next, or from the name into a tag. A tsvector holds 1 MB at the most: tags beyond
-- 50,000 characters are not searched, instead of refusing the row.
CREATE FUNCTION agent.template_search(name text, tags text[], description text) RETURNS tsvector
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN setweight(to_tsvector('pg_catalog.english', agent.template_words(name)), 'A')
    || setweight(
      to_tsvector('pg_catalog.english', 'the ' || agent.template_words(left(array_to_string(tags, ' the '), 50000))),
      'B'
    )
    || setweight(
      to_tsvector('pg_catalog.english', 'the ' || agent.template_words(coalesce(description, ''))),
      'C'
    );
COMMENT ON FUNCTION agent.template_search(text, text[], text) IS 'What full-text search finds a template by: name (weight A), tags (B), description (C).';

CREATE FUNCTION agent.template_query(query text) RETURNS tsquery
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN websearch_to_tsquery('pg_catalog.english', agent.template_words(query));
COMMENT ON FUNCTION agent.template_query(text) IS 'A search as people type it (words, "a phrase", or, -not), for the column search.';

CREATE TABLE agent.template (
  template_id uuid NOT NULL DEFAULT core.new_id(),
  name text NOT NULL,
  version text NOT NULL,
  description text,
  category text NOT NULL,
  files jsonb NOT NULL DEFAULT '{}',
  file_count bigint NOT NULL
    GENERATED ALWAYS AS (jsonb_array_length(jsonb_path_query_array(files, 'strict $.*.type()', '{}', true))) STORED,
  required_variables text[] NOT NULL DEFAULT '{}',
  optional_variables text[] NOT NULL DEFAULT '{}',
  tech_stack text[] NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  complexity agent.template_complexity NOT NULL DEFAULT 'moderate',
  estimated_setup_minutes bigint,
  usage_count bigint NOT NULL DEFAULT 0,
  last_used_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  search tsvector NOT NULL GENERATED ALWAYS AS (agent.template_search(name, tags, description)) STORED,
  CONSTRAINT template_pkey PRIMARY KEY (template_id),
  CONSTRAINT template_name_key UNIQUE (name),
  CONSTRAINT template_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT template_version_length CHECK (char_length(version) BETWEEN 1 AND 100),
  CONSTRAINT template_description_length CHECK (char_length(description) <= 10000),
  CONSTRAINT template_category_length CHECK (char_length(category) BETWEEN 1 AND 100),
  CONSTRAINT template_files_object CHECK (jsonb_typeof(files) = 'object'),
  CONSTRAINT template_files_text CHECK (NOT jsonb_path_exists(files, 'strict $.* ? (@.type() != "string")', '{}', true)),
  -- An empty segment (which is also a slash at either end, and an empty path), one that ends in a dot or a space (`.` and
  -- `..` among them; the others, Windows takes for another name), a backslash, a drive, a control character.
  CONSTRAINT template_files_paths CHECK (
    NOT jsonb_path_exists(
      files,
      'strict $.keyvalue() ? (@.key like_regex "(^|/)(/|$)|[. ](/|$)|[\\\\]|^[A-Za-z]:|[\u0001-\u001F\u007F-\u009F]")',
      '{}',
      true
    )
  ),
  -- A bound of a regular expression is 255 at the most.
  CONSTRAINT template_files_path_length CHECK (
    NOT jsonb_path_exists(files, 'strict $.keyvalue() ? (@.key like_regex "^(.{250}){2}." flag "s")', '{}', true)
  ),
  CONSTRAINT template_file_count_range CHECK (file_count <= 1000),
  CONSTRAINT template_required_variables_elements CHECK (array_position(required_variables, NULL) IS NULL),
  CONSTRAINT template_optional_variables_elements CHECK (array_position(optional_variables, NULL) IS NULL),
  CONSTRAINT template_variables_overlap CHECK (NOT required_variables && optional_variables),
  CONSTRAINT template_tech_stack_elements CHECK (array_position(tech_stack, NULL) IS NULL),
  CONSTRAINT template_tags_elements CHECK (array_position(tags, NULL) IS NULL),
  CONSTRAINT template_estimated_setup_minutes_range CHECK (estimated_setup_minutes BETWEEN 0 AND 1000000),
  CONSTRAINT template_usage_count_range CHECK (usage_count >= 0)
);

COMMENT ON TABLE agent.template IS 'A project template that an agent can instantiate: files with variables to fill in.';
COMMENT ON COLUMN agent.template.name IS 'Unique.';
COMMENT ON COLUMN agent.template.description IS 'NULL: none.';
COMMENT ON COLUMN agent.template.category IS 'What kind of project it makes, by a name of the caller''s choice.';
COMMENT ON COLUMN agent.template.version IS 'Of the template itself, in any scheme.';
COMMENT ON COLUMN agent.template.files IS 'An object: content by path. Paths are relative, their segments joined by slashes, none of them empty, `.` or `..`; see template_files_paths.';
COMMENT ON COLUMN agent.template.file_count IS 'How many files there are; generated.';
COMMENT ON CONSTRAINT template_files_paths ON agent.template IS
  'Each path is relative, its segments joined by slashes, none of them empty or with a dot or space at its end; no backslash, drive letter or control character.';
COMMENT ON COLUMN agent.template.required_variables IS 'Names of the variables that must be given.';
COMMENT ON COLUMN agent.template.optional_variables IS 'Names of the variables that may be given; none of them is required.';
COMMENT ON COLUMN agent.template.tech_stack IS 'Technologies by name.';
COMMENT ON COLUMN agent.template.estimated_setup_minutes IS 'How long it takes until the project runs, in minutes; NULL: not known.';
COMMENT ON COLUMN agent.template.usage_count IS 'How often a use was recorded.';
COMMENT ON COLUMN agent.template.last_used_at IS 'Time of the latest recorded use; NULL: never used.';
COMMENT ON COLUMN agent.template.created_at IS 'Never changes.';
COMMENT ON COLUMN agent.template.updated_at IS 'Time of the last update that changed something other than the use; kept by trigger.';
COMMENT ON COLUMN agent.template.search IS 'See agent.template_search; generated. Asked by agent.template_query.';

-- Triggers fire in the order of their names: first what an update says of the times is put back, then a change is timed.
CREATE TRIGGER template_hold_times
  BEFORE UPDATE ON agent.template
  FOR EACH ROW
  WHEN ((OLD.created_at, OLD.updated_at) IS DISTINCT FROM (NEW.created_at, NEW.updated_at))
  EXECUTE FUNCTION core.hold_times();

-- All columns that callers write but those of the use. core.keep_times alone could not tell a change: generated columns
-- have no value yet in a BEFORE trigger, so that NEW always differs from OLD. The files come last: they are read only
-- when nothing else has changed.
CREATE TRIGGER template_keep_times
  BEFORE UPDATE ON agent.template
  FOR EACH ROW
  WHEN (
    (
      OLD.template_id,
      OLD.name,
      OLD.version,
      OLD.description,
      OLD.category,
      OLD.required_variables,
      OLD.optional_variables,
      OLD.tech_stack,
      OLD.tags,
      OLD.complexity,
      OLD.estimated_setup_minutes,
      OLD.files
    ) IS DISTINCT FROM (
      NEW.template_id,
      NEW.name,
      NEW.version,
      NEW.description,
      NEW.category,
      NEW.required_variables,
      NEW.optional_variables,
      NEW.tech_stack,
      NEW.tags,
      NEW.complexity,
      NEW.estimated_setup_minutes,
      NEW.files
    )
  )
  EXECUTE FUNCTION core.keep_times();

CREATE INDEX template_category_idx ON agent.template (category, name);
CREATE INDEX template_complexity_idx ON agent.template (complexity);
CREATE INDEX template_created_at_idx ON agent.template (created_at, template_id);
CREATE INDEX template_updated_at_idx ON agent.template (updated_at);
CREATE INDEX template_usage_count_idx ON agent.template (usage_count, template_id);
CREATE INDEX template_estimated_setup_minutes_idx
  ON agent.template ((coalesce(estimated_setup_minutes, 2147483647)), template_id);
CREATE INDEX template_tech_stack_idx ON agent.template USING gin (tech_stack);
CREATE INDEX template_tags_idx ON agent.template USING gin (tags);
CREATE INDEX template_search_idx ON agent.template USING gin (search);
COMMENT ON INDEX agent.template_estimated_setup_minutes_idx IS 'Sorts and ranges by setup time; not known counts as 2147483647.';

-- Down Migration

DROP TABLE agent.template;
DROP FUNCTION agent.template_query(text);
DROP FUNCTION agent.template_search(text, text[], text);
DROP FUNCTION agent.template_words(text);
DROP TYPE agent.template_complexity;
DROP FUNCTION core.hold_times();
