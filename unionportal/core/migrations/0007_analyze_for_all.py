from django.db import migrations

# Only a table's owner may ANALYZE it before PostgreSQL 17; the portal's programs own none
# (core.grants). A load writes many rows and reads them at once: without fresh statistics its
# statements are planned for an empty table.
ANALYZE = """
CREATE FUNCTION core_analyze(name regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ BEGIN EXECUTE format('ANALYZE %s', name); END $$;
REVOKE ALL ON FUNCTION core_analyze(regclass) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0006_picked_rows")]

    operations = [migrations.RunSQL(ANALYZE, "DROP FUNCTION core_analyze(regclass)")]
