"""Customer tables as files: read as they are meant, written back as they were."""
