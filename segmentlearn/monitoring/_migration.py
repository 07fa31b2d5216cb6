SegmentMigration = segment_migration = None
