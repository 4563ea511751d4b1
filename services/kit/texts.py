"""What texts that people enter must look like: names, contacts, labels."""

from typing import Final, overload

from services.kit.errors import InvalidArgument

NAME_LENGTH_MAX: Final = 128


@overload
def check_text(text: str, *, field: str, at_most: int = NAME_LENGTH_MAX) -> str: ...
@overload
def check_text(text: str | None, *, field: str, at_most: int = NAME_LENGTH_MAX) -> str | None: ...
def check_text(text: str | None, *, field: str, at_most: int = NAME_LENGTH_MAX) -> str | None:
    """Accept a text, or None where there is none.

    :raises InvalidArgument: where it is blank, too long, or begins or ends with a blank.
    """
    if text is None:
        return None
    if not text or text != text.strip():
        raise InvalidArgument("must not be blank or begin or end with a blank", field=field)
    if len(text) > at_most:
        raise InvalidArgument(f"must have at most {at_most} characters", field=field)
    return text
