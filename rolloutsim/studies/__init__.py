"""Studies decide which runs to make and hand their records to answers."""
