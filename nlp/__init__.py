"""The room of understanding: one file per enricher type; the file name is the `type`."""
