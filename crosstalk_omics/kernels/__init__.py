"""Arrays in, arrays out; nothing here knows AnnData or pandas."""
