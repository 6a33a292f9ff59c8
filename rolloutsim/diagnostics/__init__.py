"""What manifests alone say will go wrong: each diagnostic is data with one check, grouped by noun; `catalogue` lists them all."""
