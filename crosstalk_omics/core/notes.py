"""What the reader of a result must know, in sentences that start with their place."""

LONGEST_PLACE = 60  # characters of `tissue` or `tissue to tissue` before a colon


def merged(notes: list[str]) -> list[str]:
    """Say once what holds for several tissues or directions: ``muscle; bone: text``."""
    where: dict[str, list[str]] = {}
    for note in notes:
        place, colon, text = note.partition(": ")
        named = colon and len(place) <= LONGEST_PLACE
        where.setdefault(text if named else note, []).append(place if named else "")
    return [": ".join(filter(None, ("; ".join(filter(None, p)), t))) for t, p in where.items()]
