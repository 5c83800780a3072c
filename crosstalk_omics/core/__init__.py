"""What every other part stands on: names, checks, errors, progress, provenance, files."""
