"""The exceptions of the package; the command line turns each into one clear message."""


class CrosstalkError(Exception):
    """Anything that the user can mend; the text says what, and how."""


class InputError(CrosstalkError, ValueError):
    """Data, a table, a study file or an argument cannot be used as given."""


class ResourceError(CrosstalkError, OSError):
    """A file could not be read, fetched, verified or written."""


class CrosstalkWarning(UserWarning):
    """The result stands, but a reader should know this about it."""
