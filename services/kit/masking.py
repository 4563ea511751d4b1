"""Masks personal data (domain.md 9.2): enough stays to recognise what one knows, no more."""

from typing import Final, overload

# The same for every text, so that the mask does not tell its length.
STARS: Final = "***"
_MOBILE_SHOWN: Final = 7


@overload
def mask_name(text: str) -> str: ...
@overload
def mask_name(text: None) -> None: ...
@overload
def mask_name(text: str | None) -> str | None: ...
def mask_name(text: str | None) -> str | None:
    """Keep the first character of a name or account name."""
    return text[:1] + STARS if text else text


def mask_mobile(text: str | None) -> str | None:
    """Keep three digits and the last four, but never most of a short number."""
    if not text:
        return text
    return f"{text[:3]}{STARS}{text[-4:]}" if len(text) > _MOBILE_SHOWN + 2 else STARS


def mask_email(text: str | None) -> str | None:
    """Keep the first character and the domain."""
    if not text:
        return text
    name, at, domain = text.rpartition("@")
    return mask_name(name) + at + domain if name else mask_name(text)
